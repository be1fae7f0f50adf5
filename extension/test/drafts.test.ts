import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { Drafts } from '../src/drafts';

function folder(t: TestContext): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'editorbridge-drafts-'));
  t.after(() => fs.rmSync(made, { recursive: true }));
  return path.join(made, 'drafts');
}

const fail = (message: string): never => assert.fail(message);

test('drafts_are_there_for_the_next_window_and_for_nobody_else', async (t) => {
  const kept = folder(t);
  await new Drafts(kept, fail).set('rv_1', 'typed\r\n\ufeff');
  assert.equal(new Drafts(kept, fail).get('rv_1'), 'typed\r\n\ufeff');
  if (process.platform !== 'win32') assert.deepEqual([fs.statSync(kept).mode & 0o777, fs.statSync(path.join(kept, 'rv_1')).mode & 0o777], [0o700, 0o600]);
});

test('drafts_the_last_of_many_keystrokes_is_what_is_kept', async (t) => {
  const kept = folder(t);
  const drafts = new Drafts(kept, fail);
  await Promise.all(Array.from({ length: 50 }, (_, i) => drafts.set('rv_1', 'x'.repeat(i + 1))));
  assert.equal(new Drafts(kept, fail).get('rv_1'), 'x'.repeat(50));
});

test('drafts_of_decided_reviews_leave_nothing_behind', async (t) => {
  const kept = folder(t);
  const drafts = new Drafts(kept, fail);
  await drafts.set('rv_1', 'a');
  await drafts.set('rv_2', 'b');
  await drafts.keepOnly(new Set(['rv_2']));
  assert.deepEqual([drafts.get('rv_1'), drafts.get('rv_2')], [undefined, 'b']);
  await drafts.set('rv_2', undefined);
  assert.deepEqual(fs.readdirSync(kept), []);
});

test('drafts_an_id_that_is_a_path_is_not_kept', async (t) => {
  const kept = folder(t);
  await new Drafts(kept, fail).set('../elsewhere', 'x');
  assert.equal(fs.existsSync(path.join(kept, '..', 'elsewhere')), false);
});

test('drafts_that_cannot_be_written_are_told_of', async (t) => {
  const kept = folder(t);
  fs.writeFileSync(kept, 'a file in the way');
  const told: string[] = [];
  await assert.doesNotReject(async () => {
    const drafts = new Drafts(path.join(kept, 'inside'), (message) => told.push(message));
    await drafts.set('rv_1', 'x');
  });
  assert.match(told[0] ?? '', /rv_1 would be lost/);
});
