// A held tool call as an SDK's program meets it: a message that is valid whatever the person decided, by stream and whole.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing, Product } from '../harness.mjs';
import { assertTyped } from './own-types.mjs';
import { dictate, programs, SdkProgram } from './programs.mjs';

const dangerous = 'drop table raw.shop.orders;\n';
const edited = 'select count(*) from raw.shop.orders;\n';
const tools = [{ name: 'Write', description: 'Write a file', input_schema: { type: 'object', properties: { file_path: { type: 'string' }, content: { type: 'string' } } } }];

const verdicts = [
  { name: 'approved', verdict: { kind: 'approve', reason: 'Agreed.' }, reason: 'tool_use', written: dangerous },
  { name: 'approved with an edit', verdict: { kind: 'approveEdited', reason: 'Count.', text: edited }, reason: 'tool_use', written: edited },
  { name: 'rejected', verdict: { kind: 'reject', reason: 'Finance still reads this table.' }, reason: 'end_turn', written: null },
];

for (const program of programs) {
  const skip = program.client ? missing(program.client) : false;
  test(`${program.name}: the gate`, { timeout: 240_000, skip }, async (t) => {
    const product = await Product.start(t);
    const app = new SdkProgram(program, product);
    t.after(() => app.stop());
    const accumulated = [];
    let calls = 0;
    const ask = (turns) => ({ model: 'claude-sonnet-4-6', max_tokens: 1000, tools, messages: [{ role: 'user', content: dictate(turns) }] });
    const write = (content) => ({ tool: 'Write', id: `toolu_${++calls}`, input: { file_path: product.file(`${calls}.sql`), content } });

    for (const op of ['stream', 'create']) {
      for (const { name, verdict, reason, written } of verdicts) {
        await t.test(`${program.name}: a call held and ${name}, by ${op}`, async () => {
          const seen = [];
          const call = app.call(op, ask([{ blocks: [{ text: 'Cleaning up.' }, write(dangerous)], chunk: 3 }]), {}, (what) => seen.push(what));
          const review = await product.waitForReview();
          assert.equal(review.door, 'stream');
          assert.ok(!seen.includes('start:tool_use'), 'nothing of the call was sent while it waited');
          await product.verdict(review.id, { person: 'alice', ...verdict });

          const { message } = await call;
          accumulated.push(message);
          const uses = message.content.filter((block) => block.type === 'tool_use');
          assert.deepEqual(uses.map((use) => use.input.content), written === null ? [] : [written]);
          assert.equal(message.stop_reason, reason);
          assert.equal(message.content[0].text, 'Cleaning up.');
          if (written === null) assert.match(message.content.at(-1).text, /held back this Write call.*Finance still reads this table\./s);
        });
      }

      await t.test(`${program.name}: three calls, the middle one rejected, by ${op}`, async () => {
        const call = app.call(op, ask([{ blocks: [write('select 1;\n'), write(dangerous), write('select 3;\n')] }]));
        const review = await product.waitForReview();
        await product.verdict(review.id, { person: 'alice', kind: 'reject', reason: 'Not this one.' });

        const { message } = await call;
        accumulated.push(message);
        assert.deepEqual(message.content.map((block) => block.type), ['tool_use', 'text', 'tool_use']);
        assert.deepEqual([message.content[0].input.content, message.content[2].input.content], ['select 1;\n', 'select 3;\n']);
        assert.equal(message.stop_reason, 'tool_use');
      });
    }

    await t.test(`${program.name}: every message is valid by its own types`, async () => {
      assert.equal(accumulated.length, 8);
      assert.deepEqual(app.unhandled, []);
      if (program.language === 'typescript') await assertTyped(program, accumulated);
    });
  });
}
