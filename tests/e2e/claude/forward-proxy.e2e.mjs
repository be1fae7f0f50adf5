// What a launched client does past the account is refused and on record, and what its shell commands do is left to policy.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { missing, Product, until } from '../harness.mjs';

for (const version of ['2.1.330', '2.1.112']) {
  const skip = missing(`claude-code-${version}`);

  test(`Claude Code ${version}, launched: a fetch past the account is refused and told at the end; a shell command has the person's own network`, { timeout: 120_000, skip }, async (t) => {
    const product = await Product.start(t);
    const turns = [
      [{ tool: 'Bash', input: { command: 'echo "seen: $HTTPS_PROXY $NO_PROXY"' } }],
      [{ tool: 'WebFetch', input: { url: 'https://files.example.com/list', prompt: 'What is there?' } }],
      { text: 'Nothing to be had.' },
    ];
    const session = product.claude({ version, door: 'hook', turns, env: { HTTPS_PROXY: 'http://corporate.example.com:3128', NO_PROXY: 'internal.example.com' } });
    await answerAll(product, session);

    assert.equal(session.code, 0, session.errors.join('\n'));
    const [shell, fetched] = await product.toolResults();
    assert.equal(shell.text.trim(), 'seen: http://corporate.example.com:3128 internal.example.com');
    assert.equal(fetched.isError, true);
    assert.match(session.errors.join('\n'), /Session \S+: \d+ connections? elsewhere (was|were) refused \(.*files\.example\.com:443 ×\d+.*\); nothing was let out\./);
    assert.deepEqual(fs.readdirSync(product.state).filter((name) => name.startsWith('claude-')), []);
  });

  test(`Claude Code ${version} with all its own traffic switched on reaches nobody through a launch's proxy, works, and each try is recorded`, { timeout: 120_000, skip }, async (t) => {
    const product = await Product.start(t);
    const launch = await open(product);
    const off = { CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: undefined, DISABLE_TELEMETRY: undefined, DISABLE_AUTOUPDATER: undefined };
    const way = { HTTPS_PROXY: launch.proxy, HTTP_PROXY: launch.proxy, NO_PROXY: '127.0.0.1,localhost', ANTHROPIC_CUSTOM_HEADERS: `x-editorbridge-launch: ${launch.id}` };
    const turns = [[{ tool: 'Write', input: { file_path: product.file('a.sql'), content: 'select 1;\n' } }], { text: 'Done.' }];
    const session = await product.claude({ version, door: 'stream', turns, env: { ...off, ...way } }).ended;
    const { sentence, refused, letOut } = await close(product, launch);

    assert.equal(session.code, 0, session.errors.join('\n'));
    assert.equal(fs.readFileSync(product.file('a.sql'), 'utf8'), 'select 1;\n');
    assert.ok(refused > 0, sentence);
    assert.equal(letOut, 0);
    assert.match(sentence, new RegExp(`^Session ${session.result.session_id}: .*api\\.anthropic\\.com:443`));
    const exported = path.join(product.folder, 'chain.jsonl');
    const { code, err } = await product.cli(['ledger', 'export', '--format', 'chain', '--out', exported]);
    assert.equal(code, 0, err);
    const entries = fs.readFileSync(exported, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    assert.equal(entries.filter(({ kind }) => kind === 'egress.refused').length, refused);
    assert.equal(entries.find(({ kind }) => kind === 'egress.summary').session, session.result.session_id);
  });
}

test('Settings that cannot be read end the launch they would have been for', { timeout: 60_000, skip: missing('claude-code-2.1.330') }, async (t) => {
  const product = await Product.start(t);
  const session = product.claude({ version: '2.1.330', door: 'hook', turns: [{ text: 'Never asked.' }], args: ['--settings', '{"env":'] });
  await session.ended;

  assert.notEqual(session.code, 0);
  assert.match(session.errors.join('\n'), /--settings cannot be read/);
  const exported = path.join(product.folder, 'chain.jsonl');
  const { code, err } = await product.cli(['ledger', 'export', '--format', 'chain', '--out', exported]);
  assert.equal(code, 0, err);
  assert.equal(fs.readFileSync(exported, 'utf8').split('\n').filter((line) => line.includes('egress.summary')).length, 1);
});

/** Approves whatever is asked until the session ends. */
async function answerAll(product, session) {
  let ended = false;
  const end = session.ended.then(() => { ended = true; });
  await until('the session to end', async () => {
    for (const review of ended ? [] : await product.reviews()) await product.verdict(review.id, { kind: 'approve', person: 'alice', reason: 'Agreed.' });
    return ended;
  });
  await end;
}

async function open(product) {
  const response = await fetch(`${product.url}/launches`, { method: 'POST', headers: headers(product), body: JSON.stringify({ program: 'claude-code/test' }) });
  assert.equal(response.status, 200);
  return response.json();
}

async function close(product, launch) {
  return (await fetch(`${product.url}/launches/${launch.id}`, { method: 'DELETE', headers: headers(product) })).json();
}

function headers(product) {
  return { authorization: `Bearer ${product.token('launcher')}`, 'content-type': 'application/json' };
}
