// Every pinned version of Claude Code, old and new, in the three things it must be able to do: talk, wait for a person, and say what went wrong.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { missing, Product } from '../harness.mjs';

// gate.e2e.mjs holds 2.1.330 and 2.1.112 to much more.
for (const version of ['2.0.77', '2.1.241']) {
  const door = 'stream';
  const dangerous = 'drop table raw.shop.orders;\n';
  const name = `Claude Code ${version}`;

  test(`${name}: talks, waits for a person, and shows a failure`, { timeout: 240_000, skip: missing(`claude-code-${version}`) }, async (t) => {
    const product = await Product.start(t);
    const write = (file, content) => ({ tool: 'Write', input: { file_path: product.file(file), content } });

    await t.test(`${name}: a harmless write passes and the answer is shown`, async () => {
      const session = await product.claude({ version, door, turns: [[{ text: 'Writing.' }, write('a.sql', 'select 1;\n')], { text: 'All written.' }] }).ended;
      assert.equal(session.code, 0, session.errors.join('\n'));
      assert.equal(session.result.result, 'All written.');
      assert.equal(fs.readFileSync(product.file('a.sql'), 'utf8'), 'select 1;\n');
    });

    await t.test(`${name}: a DROP TABLE waits and is written once a person approves it`, async () => {
      const session = product.claude({ version, door, turns: [[{ text: 'Cleaning up.' }, write('b.sql', dangerous)], { text: 'Done.' }] });
      const review = await product.waitForReview();
      assert.equal(fs.existsSync(product.file('b.sql')), false);
      await product.verdict(review.id, { kind: 'approve', person: 'alice', reason: 'Agreed.' });
      await session.ended;
      assert.equal(session.result.result, 'Done.');
      assert.equal(fs.readFileSync(product.file('b.sql'), 'utf8'), dangerous);
    });

    await t.test(`${name}: a spent budget is shown, not retried`, async () => {
      const session = await product.claude({ version, door, prompt: 'scenario: 402\nHello.' }).ended;
      assert.match(`${session.result?.result}${session.errors.join('\n')}`, /budget/i);
    });
  });
}
