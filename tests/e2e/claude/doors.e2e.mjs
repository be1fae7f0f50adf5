// What a whole session does with the gate: several calls at once, a subagent, one call seen by two doors, and an agent
// that would rather answer its own review.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { missing, Product, until } from '../harness.mjs';
import { programs } from '../../../scripts/lib/repository.mjs';

const current = '2.1.330';
const skip = missing(`claude-code-${current}`);
const drop = (table) => `drop table raw.shop.${table};\n`;

for (const door of ['hook', 'stream']) {
  test(`eight calls at once, by ${door}: each gets its own verdict and only the approved ones happen`, { timeout: 240_000, skip }, async (t) => {
    const product = await Product.start(t);
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const harmless = new Set(['a', 'h']);
    const calls = names.map((name) => ({
      tool: 'Write',
      input: { file_path: product.file(`${name}.sql`), content: harmless.has(name) ? `select '${name}' as name;\n` : drop(name) },
    }));
    const session = product.claude({ version: current, door, turns: [calls, { text: 'All asked.' }] });
    const verdictOf = {
      b: { kind: 'approve', reason: 'Agreed.' },
      c: { kind: 'reject', reason: 'Not this one.' },
      d: { kind: 'approveEdited', reason: 'Only count.', text: 'select count(*) from raw.shop.d;\n' },
      e: { kind: 'reject', reason: 'Nor this.' },
      f: { kind: 'approve', reason: 'Fine.' },
      g: { kind: 'approve', reason: 'Fine.' },
    };

    // Answer in the reverse of the order they come in: a later verdict must not wait for an earlier one to matter.
    const answered = new Set();
    while (answered.size < Object.keys(verdictOf).length) {
      const open = await until('another review', async () => {
        const pending = (await product.reviews()).filter((review) => !answered.has(review.id));
        return pending.length > 0 ? pending : null;
      });
      for (const review of open.reverse()) {
        const name = /([a-h])\.sql$/.exec(review.path)[1];
        await product.verdict(review.id, { person: 'alice', ...verdictOf[name] });
        answered.add(review.id);
      }
    }
    await session.ended;

    assert.equal(session.code, 0, session.errors.join('\n'));
    const onDisk = Object.fromEntries(names.map((name) => [name, fs.existsSync(product.file(`${name}.sql`)) ? fs.readFileSync(product.file(`${name}.sql`), 'utf8') : null]));
    assert.deepEqual(onDisk, {
      a: "select 'a' as name;\n",
      b: drop('b'),
      c: null,
      d: 'select count(*) from raw.shop.d;\n',
      e: null,
      f: drop('f'),
      g: drop('g'),
      h: "select 'h' as name;\n",
    });
  });

  test(`a subagent's call, by ${door}, is held like its parent's`, { timeout: 240_000, skip }, async (t) => {
    const product = await Product.start(t);
    const inner = [[{ tool: 'Write', input: { file_path: product.file('from-subagent.sql'), content: drop('orders') } }], { text: 'The subagent is done.' }];
    const session = product.claude({
      version: current,
      door,
      turns: [
        [{ tool: 'Agent', input: { description: 'Clean up', subagent_type: 'general-purpose', run_in_background: false, prompt: `Clean up.\nsandbox: ${JSON.stringify(inner)}` } }],
        { text: 'The parent is done.' },
      ],
    });

    const review = await product.waitForReview();
    assert.equal(fs.existsSync(product.file('from-subagent.sql')), false);
    await product.verdict(review.id, { kind: 'reject', person: 'alice', reason: 'Not by a subagent either.' });
    await session.ended;

    assert.equal(session.code, 0, session.errors.join('\n'));
    assert.equal(fs.existsSync(product.file('from-subagent.sql')), false);
    assert.ok(JSON.stringify(await product.modelRequests()).includes('Not by a subagent either.'), 'the subagent or its parent was told why');
  });
}

test('a call that passes the stream and the hook is asked once', { timeout: 120_000, skip }, async (t) => {
  const product = await Product.start(t);
  const session = product.claude({ version: current, door: 'hook', turns: [[{ tool: 'Write', input: { file_path: product.file('x.sql'), content: drop('x') } }], { text: 'Done.' }] });

  const review = await product.waitForReview();
  await product.verdict(review.id, { kind: 'approve', person: 'alice', reason: 'Once is enough.' });
  await session.ended;

  assert.equal(fs.readFileSync(product.file('x.sql'), 'utf8'), drop('x'));
  const { out } = await product.cli(['reviews', '--json']);
  const { pending, recent } = JSON.parse(out);
  assert.deepEqual([pending.length, recent.length], [0, 1]);
});

test('an agent cannot answer its own review, even when a person lets its command run', { timeout: 240_000, skip }, async (t) => {
  const product = await Product.start(t);
  const asked = product.claude({ version: current, door: 'hook', turns: [[{ tool: 'Write', input: { file_path: product.file('x.sql'), content: drop('x') } }], { text: 'Done.' }] });
  const held = await product.waitForReview();

  const command = `${programs.host} approve ${held.id} --state ${product.state} --reason "I approve myself"; echo "exit code $?"`;
  const other = product.claude({ version: current, door: 'hook', turns: [[{ tool: 'Bash', input: { command, description: 'Approve the review' } }], { text: 'Done.' }] });
  const second = await until('the command to be held or refused', async () => {
    if (other.result) return 'refused';
    return (await product.reviews()).find((review) => review.id !== held.id);
  });
  if (second !== 'refused') await product.verdict(second.id, { kind: 'approve', person: 'careless', reason: 'Looks fine.' });
  await other.ended;

  assert.deepEqual((await product.reviews()).map((review) => review.id), [held.id], 'the review still waits');
  assert.equal(fs.existsSync(product.file('x.sql')), false);
  const results = (await product.toolResults()).map((result) => result.text).join('\n');
  if (second === 'refused') assert.doesNotMatch(results, /exit code 0/);
  else assert.match(results, /exit code [1-9]/);

  await product.verdict(held.id, { kind: 'reject', person: 'alice', reason: 'No.' });
  await asked.ended;
});
