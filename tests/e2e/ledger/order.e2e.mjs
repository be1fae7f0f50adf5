// Nothing leaves before its record is on the disk: watched from outside, as the order of the host's own system calls.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Product, until } from '../harness.mjs';

const skip = spawnSync('strace', ['-V']).status === 0 ? false : 'strace is not installed, or this is not Linux';
const calls = 'fdatasync,fsync,sendmsg,sendto,write,writev,recvmsg,recvfrom,read';

/** One line of the trace: what was called, on which file or connection, and whether the call ended or began here. */
function* read(trace) {
  const begun = new Map();
  for (const line of trace.split('\n')) {
    const thread = /^\d+/.exec(line)?.[0];
    const resumed = /<\.\.\. (\w+) resumed>/.exec(line);
    const name = resumed?.[1] ?? /^\d+\s+(\w+)\(/.exec(line)?.[1];
    if (!name) continue;
    const target = resumed ? begun.get(thread) : /\(\d+<(.*?)>+[,)]/.exec(line)?.[1] ?? '';
    begun.set(thread, target);
    yield { name, target, began: !resumed, ended: !line.includes('<unfinished'), line };
  }
}

test('the record of a request or a decision is forced to the disk before the request or the decision leaves', { skip }, async (t) => {
  const product = await Product.start(t);
  const ask = () =>
    fetch(`${product.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': product.token('claude'), 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'Say one word.' }] }),
    }).then(async (response) => assert.equal(response.status, 200, await response.text()));
  const decide = (id) =>
    fetch(`${product.url}/hooks/claude`, {
      method: 'POST',
      headers: { authorization: `Bearer ${product.token('hook')}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        session_id: 'order', cwd: product.workspace, hook_event_name: 'PreToolUse', permission_mode: 'default',
        tool_name: 'Read', tool_use_id: id, tool_input: { file_path: product.file('a.sql') },
      }),
    }).then(async (response) => assert.equal(response.status, 200, await response.text()));
  await ask();
  await decide('toolu_warm');

  const file = path.join(product.folder, 'host.strace');
  const host = JSON.parse(fs.readFileSync(path.join(product.state, 'host.json'), 'utf8')).pid;
  const strace = spawn('strace', ['-f', '-yy', '-s', '80', '-e', `trace=${calls}`, '-o', file, '-p', `${host}`], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  strace.stderr.on('data', (text) => (said += text));
  t.after(() => strace.kill());
  await until('strace on the host', () => said.includes('attached'));
  for (let i = 0; i < 5; i++) {
    await ask();
    await decide(`toolu_${i}`);
  }
  strace.kill('SIGINT');
  await new Promise((resolve) => strace.on('close', resolve));

  const account = `:${new URL(product.account).port}]`;
  const seen = { asked: 0, decided: 0 };
  let durable = false;
  for (const { name, target, began, ended, line } of read(fs.readFileSync(file, 'utf8'))) {
    if (/^(recvmsg|recvfrom|read)$/.test(name) && /"POST \/(v1\/messages|hooks\/claude) /.test(line)) durable = false;
    if (/^f(data)?sync$/.test(name) && ended && target.endsWith('-wal') && line.endsWith('= 0')) durable = true;
    if (!began || !/^(sendmsg|sendto|write|writev)$/.test(name)) continue;
    if (target.includes(account) && line.includes('"POST ')) {
      assert.ok(durable, `A request left for the account before its intent was on the disk: ${line}`);
      seen.asked++;
    } else if (line.includes('"HTTP/1.1 200 ') && !target.includes(account)) {
      assert.ok(durable, `An answer left before anything was on the disk: ${line}`);
      seen.decided++;
    }
  }
  assert.deepEqual(seen, { asked: 5, decided: 10 });
});
