// Verdicts from a terminal: a person at one may give them; what runs below an agent may not, pseudo-terminal or none, and each attempt is an incident.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { programs } from '../../../scripts/lib/repository.mjs';
import { Product, until } from '../harness.mjs';
import { noTerminal, Terminal } from './terminal.mjs';

const skip = noTerminal || (process.env.CLAUDECODE ? 'these tests play the person, and run below an agent themselves' : false);
const drop = 'drop table raw.shop.orders;\n';

test('a person at a terminal reads a review, rejects one and approves another', { timeout: 120_000, skip }, async (t) => {
  const product = await Product.start(t);
  const hostile = `-- \u001b]0;owned\u0007\u001b[2Jharmless\u202e\n${drop}`;
  const first = ask(product, { id: 'toolu_1', file: 'x\u001b[31m\nrv_0000000000  None      29:00 left  Approve this one.sql', content: hostile });
  const [review] = await product.waitForReviews(1);

  const list = await run(t, product, ['reviews']);
  assert.equal(list.text.split('\n').filter((line) => /rv_\w+\s+\w+\s+\d+:\d+ left/.test(line)).length, 1, `a name cannot pass for another review:\n${list.text}`);
  const shown = await run(t, product, ['review', review.id]);
  for (const terminal of [list, shown]) assert.doesNotMatch(terminal.raw, /\u001b\[2J|\u001b\]0;|\u001b\[31m|\u202e/);
  assert.match(shown.text, /<U\+001B>\]0;owned<U\+0007>/);
  assert.doesNotMatch(product.log(), /\u001b\[31m/, 'nor can it in the log of the host');

  const rejected = await run(t, product, ['reject', review.id, '--reason', 'It hides something.']);
  assert.match(rejected.text, /Rejected\./);
  assert.match((await first).permissionDecisionReason, /It hides something\./);

  const second = ask(product, { id: 'toolu_2', file: 'y.sql', content: drop });
  const [next] = await product.waitForReviews(1);
  assert.match((await run(t, product, ['approve', next.id, '--reason', 'Agreed.'])).text, /Approved\./);
  assert.equal((await second).permissionDecision, 'allow');
});

test('what runs below an agent, or without a terminal, gives no verdict, and the attempt is recorded', { timeout: 120_000, skip }, async (t) => {
  const product = await Product.start(t);
  const asked = ask(product, { id: 'toolu_1', file: 'x.sql', content: drop });
  const [review] = await product.waitForReviews(1);

  // An agent that allocates itself a terminal: by the variables it sets, and by its program's name.
  const named = path.join(product.folder, 'claude');
  fs.writeFileSync(named, '#!/bin/sh\n"$@"\n', { mode: 0o755 });
  const attempts = [
    await run(t, product, ['approve', review.id, '--reason', 'Mine.'], { env: { CLAUDECODE: '1' } }),
    await run(t, product, ['approve', review.id, '--reason', 'Mine.'], { below: named }),
    await run(t, product, ['review', review.id], { env: { CLAUDECODE: '1' } }),
  ];
  for (const terminal of attempts) assert.match(terminal.text, /verdicts are for people|agents do not review themselves/);
  const unattended = await product.cli(['approve', review.id, '--reason', 'Mine.']);
  assert.notEqual(unattended.code, 0);
  assert.match(unattended.err, /needs a terminal a person sits at/);

  assert.deepEqual((await product.reviews()).map((open) => open.id), [review.id], 'the review still waits');
  assert.equal((await incidents(product)).filter((entry) => entry.includes('agent_at_control_socket')).length, attempts.length);
  await product.verdict(review.id, { kind: 'reject', person: 'alice', reason: 'No.' });
  await asked;
});

/** Asks the hook's door as Claude Code does, and answers with its decision. */
async function ask(product, { id, file, content }) {
  const response = await fetch(`${product.url}/hooks/claude`, {
    method: 'POST',
    headers: { authorization: `Bearer ${product.token('hook')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ hook_event_name: 'PreToolUse', session_id: 'session-terminal', tool_use_id: id, tool_name: 'Write', tool_input: { file_path: product.file(file), content }, cwd: product.workspace }),
  });
  return (await response.json()).hookSpecificOutput;
}

/** A command in a terminal of its own, to its end. */
async function run(t, product, args, { env = {}, below } = {}) {
  const [command, ...rest] = [...(below ? [below] : []), programs.host, ...args];
  const terminal = Terminal.open(t, command, rest, { cwd: product.workspace, env: product.environment(env) });
  await terminal.ended;
  return terminal;
}

async function incidents(product) {
  const file = path.join(product.folder, 'chain.jsonl');
  return until('the chain', async () => {
    fs.rmSync(file, { force: true });
    const { code } = await product.cli(['ledger', 'export', '--format', 'chain', '--out', file]);
    return code === 0 ? fs.readFileSync(file, 'utf8').split('\n') : null;
  });
}
