// The test run itself: what it counts decides whether a green line can be believed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { finish } from '../../../scripts/lib/processes.mjs';
import { root } from '../../../scripts/lib/repository.mjs';
import { dotnetSummary, hiddenFailure } from '../../../scripts/lib/suites.mjs';

const summary = (total, failed, succeeded, skipped) =>
  `failed A.B.C (3ms)\n  text\nTest run summary: Failed! - X.dll (net10.0|x64)\n  total: ${total}\n  failed: ${failed}\n  succeeded: ${succeeded}\n  skipped: ${skipped}\n  duration: 2s`;

for (const { name, output, expected } of [
  { name: 'a summary', output: summary(6, 1, 3, 2), expected: { passed: 3, failed: 1, skipped: 2 } },
  { name: 'a crash before the summary', output: 'Unhandled exception. System.Exception', expected: { passed: 0, failed: 0, skipped: 0 } },
  { name: 'a test that prints numbers of its own', output: `  succeeded: 99\n${summary(1, 0, 1, 0)}`, expected: { passed: 1, failed: 0, skipped: 0 } },
]) {
  test(`dotnetSummary counts ${name}`, () => assert.deepEqual(dotnetSummary(output), expected));
}

for (const { name, result, code, expected } of [
  { name: 'all passed', result: { passed: 3, failed: 0, skipped: 0 }, code: 0, expected: null },
  { name: 'nothing ran', result: { passed: 0, failed: 0, skipped: 0 }, code: 0, expected: /ran no test/ },
  { name: 'crashed after its tests', result: { passed: 3, failed: 0, skipped: 0 }, code: 134, expected: /exit code 134/ },
  { name: 'counted its failures itself', result: { passed: 3, failed: 1, skipped: 0 }, code: 1, expected: null },
  { name: 'everything skipped', result: { passed: 0, failed: 0, skipped: 2 }, code: 0, expected: null },
]) {
  test(`a suite where ${name} ${expected ? 'is a failure' : 'stands as it is'}`, () => {
    if (expected) assert.match(hiddenFailure(result, code), expected);
    else assert.equal(hiddenFailure(result, code), null);
  });
}

test('the reporter tells passes, failures and skips apart and counts no suite twice', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'editorbridge-runner-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'sample.test.mjs');
  fs.writeFileSync(
    file,
    `import { describe, test } from 'node:test';
     describe('kept', () => { test('passes', () => {}); test('fails', () => { throw new Error('boom'); }); test('left out', { skip: 'why' }, () => {}); });
     describe('away', { skip: 'no client' }, () => { test('never', () => {}); });`,
  );
  const env = { ...process.env };
  delete env.NODE_TEST_CONTEXT; // else the inner run would report to this one

  const reporter = path.join(root, 'scripts', 'lib', 'node-test-events.mjs');
  const { output, code } = await finish(process.execPath, ['--test', `--test-reporter=${reporter}`, '--test-reporter-destination=stdout', file], { env });

  assert.equal(code, 1);
  const events = output.split('\n').filter((line) => line.startsWith('\u0001')).map((line) => JSON.parse(line.slice(1)));
  assert.deepEqual(
    events.map(({ name, passed, skipped }) => ({ name, passed, skipped })),
    [
      { name: 'passes', passed: true, skipped: undefined },
      { name: 'fails', passed: false, skipped: undefined },
      { name: 'left out', passed: true, skipped: 'why' },
      { name: 'away', passed: true, skipped: 'no client' },
    ],
  );
  assert.match(events[1].error, /boom/);
});
