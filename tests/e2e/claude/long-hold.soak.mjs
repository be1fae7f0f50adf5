// A person who takes their time: each door holds a call for longer than eleven minutes, past every timer of the client's,
// and the approval still arrives. Takes twelve minutes, so it runs only with EDITORBRIDGE_SOAK=1.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { missing, Product } from '../harness.mjs';

const held = 11.5 * 60_000;
const dangerous = 'drop table raw.shop.orders;\n';

describe('held longer than eleven minutes', { concurrency: true }, () => {
  for (const { version, door } of [
    { version: '2.1.330', door: 'hook' },
    { version: '2.1.330', door: 'stream' },
    { version: '2.1.112', door: 'stream' },
  ]) {
    test(`Claude Code ${version}, by ${door}, held eleven and a half minutes and then approved`, { timeout: held + 300_000, skip: missing(`claude-code-${version}`) }, async (t) => {
      const product = await Product.start(t);
      const session = product.claude({ version, door, turns: [[{ text: 'Cleaning up.' }, { tool: 'Write', input: { file_path: product.file('x.sql'), content: dangerous } }], { text: 'Good.' }] });
      const review = await product.waitForReview({ seconds: 120 });

      await new Promise((resolve) => setTimeout(resolve, held));
      assert.equal(fs.existsSync(product.file('x.sql')), false);
      assert.deepEqual((await product.reviews()).map((each) => each.id), [review.id], 'still the one review');
      await product.verdict(review.id, { kind: 'approve', person: 'alice', reason: 'Thought about it.' });
      await session.ended;

      assert.equal(session.code, 0, session.errors.join('\n'));
      assert.equal(session.result.result, 'Good.');
      assert.equal(fs.readFileSync(product.file('x.sql'), 'utf8'), dangerous);
    });
  }
});
