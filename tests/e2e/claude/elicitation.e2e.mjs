// A held call of the gateway is put to the person at Claude Code itself, where its hook should have held it and was switched off: the client draws the question, a refusal there is the verdict,
// and an approval comes from where an agent cannot reach.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { locate } from '../../../scripts/lib/clients.mjs';
import { missing, Product, until } from '../harness.mjs';
import { beenHere, noTerminal, Terminal } from './terminal.mjs';

const current = '2.1.330';
const skip = noTerminal || missing(`claude-code-${current}`);
const sql = 'delete from analytics.staging.stg_orders where order_id = 1';

const [down, right, enter] = ['\u001b[B', '\u001b[C', '\r'];

for (const [name, serve, dialog, toDecline] of [
  ['a form', [], /requests your input/, [down, down, down, enter]],
  ['an address of the portal', ['--portal-url', 'http://127.0.0.1:4080'], /wants to open a URL/, [right, right, enter]],
]) {
  test(`Claude Code ${current} shows a held call by ${name}; it is rejected there`, { timeout: 180_000, skip }, async (t) => {
    const { product, terminal, review } = await ask(t, serve);
    await terminal.shows(dialog);
    for (const key of toDecline) await press(terminal, key);
    const last = await until('the verdict', async () => JSON.parse((await product.cli(['reviews', '--json'])).out).recent.find((closed) => closed.id === review.id));
    assert.deepEqual([last.state, last.decidedReason], ['rejected', 'Declined in the MCP client.']);
    await terminal.shows(/All done now/, { since: terminal.text.search(dialog) });
  });
}

test(`Claude Code ${current} leads the person to the review, and what they approve there runs`, { timeout: 180_000, skip }, async (t) => {
  const { product, terminal, review } = await ask(t, ['--portal-url', 'http://127.0.0.1:4080']);
  await terminal.shows(/wants to open a URL/);
  await terminal.shows(/:4080\/reviews\/\w+/);
  // "Open in browser", and when the person has been there, "I'm done, continue". A key pressed before the question listens is lost.
  await pressUntil(terminal, enter, /Open again/);
  await product.verdict(review.id, { kind: 'approve', person: 'alice', reason: 'seen in the portal' });
  await pressUntil(terminal, enter, /All done now/);
  const [result] = (await product.modelRequests()).at(-1).messages.flatMap((message) => (Array.isArray(message.content) ? message.content : [])).filter((block) => block.type === 'tool_result');
  assert.ok(!result.is_error, JSON.stringify(result));
  assert.match(JSON.stringify(result.content), /DELETE|rows/i);
});

/** One key, and the picture it makes. */
async function press(terminal, key) {
  const before = terminal.raw.length;
  terminal.type(key);
  await until('the terminal to answer a key', () => terminal.raw.length > before);
}

/** A key, again each second, until the terminal shows that it was taken. */
async function pressUntil(terminal, key, pattern) {
  const since = terminal.text.length;
  for (let attempt = 1; ; attempt++) {
    terminal.type(key);
    try {
      return await terminal.shows(pattern, { since, seconds: 1 });
    } catch (error) {
      if (attempt === 60) throw error;
    }
  }
}

async function ask(t, serve) {
  const ends = [];
  const late = { after: (end) => ends.unshift(end), diagnostic: (text) => t.diagnostic(text) };
  t.after(async () => {
    for (const end of ends) await end();
  });
  const product = await Product.start(late, { serve });
  beenHere(product);
  const servers = path.join(product.folder, 'mcp.json');
  fs.writeFileSync(servers, JSON.stringify({ mcpServers: { editorbridge: { type: 'http', url: `${product.url}/mcp`, headers: { Authorization: `Bearer ${product.token('mcp')}` } } } }));
  const turns = [[{ tool: 'mcp__editorbridge__execute_sql', input: { sql } }], { text: 'All done now.' }];
  // The stream lets a session's tools pass whose hook has called; this one's calls no more.
  const id = crypto.randomUUID();
  await fetch(`${product.url}/hooks/claude`, {
    method: 'POST',
    headers: { authorization: `Bearer ${product.token('hook')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ hook_event_name: 'UserPromptSubmit', session_id: id, prompt: 'Do it.', cwd: product.workspace }),
  });
  const terminal = Terminal.open(late, locate(`claude-code-${current}`), ['--mcp-config', servers, '--strict-mcp-config', '--dangerously-skip-permissions', '--session-id', id, `Do it.\nsandbox: ${JSON.stringify(turns)}`], {
    cwd: product.workspace,
    env: product.environment({
      IS_SANDBOX: '1', ANTHROPIC_BASE_URL: product.url, ANTHROPIC_AUTH_TOKEN: product.token('claude'),
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1',
    }),
  });
  const review = await product.waitForReview({ seconds: 20 }).catch((error) => {
    throw new Error(`${error.message}; the terminal shows:\n${terminal.text.slice(-3000)}`, { cause: error });
  });
  assert.equal(review.door, 'mcp');
  return { product, terminal, review };
}
