// npm start, as a person meets it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { freePort, portIsFree, portOwner, start, stop } from '../../../scripts/lib/processes.mjs';
import { root } from '../../../scripts/lib/repository.mjs';
import { until } from '../harness.mjs';

const command = path.join(root, 'scripts', 'start.mjs');

async function begin(t, { state: name = 'state', args = [] } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'editorbridge-start-'));
  const state = path.join(folder, name);
  const ports = { host: await freePort(), portal: await freePort() };
  const lines = [];
  const child = start(process.execPath, [command, '--state', state, '--port', `${ports.host}`, '--portal-port', `${ports.portal}`, ...args], {
    // It builds, and what is built names the folder its packages came from: one that goes with this test would leave the repository with a portal that does not start.
    env: { ...process.env, HOME: folder, NUGET_PACKAGES: process.env.NUGET_PACKAGES ?? path.join(os.homedir(), '.nuget', 'packages') },
    onLine: (line) => lines.push(line),
  });
  t.after(async () => {
    await stop(child);
    fs.rmSync(folder, { recursive: true, force: true });
  });
  return { child, ports, state, text: () => lines.join('\n') };
}

async function ready(running) {
  await until('the announcement', () => running.text().includes('Ctrl-C stops everything') || (running.child.exitCode !== null && assert.fail(running.text())), 500);
}

/** The file watchers of the program that listens on a port; Linux gives a person few. */
async function watchersOf(port) {
  if (process.platform !== 'linux') return [];
  const { pid } = await portOwner(port);
  return fs.readdirSync(`/proc/${pid}/fd`).map((fd) => fs.readlinkSync(`/proc/${pid}/fd/${fd}`)).filter((target) => target.includes('inotify'));
}

for (const { signal, state } of [
  { signal: 'SIGINT', state: 'state' },
  { signal: 'SIGTERM', state: 'a state folder’s path' },
]) {
  test(`npm start, with its state in "${state}", prints what a newcomer needs, and ${signal} ends all it started`, { timeout: 600_000 }, async (t) => {
    const running = await begin(t, { state });
    await ready(running);

    const health = await (await fetch(`http://127.0.0.1:${running.ports.host}/health`)).json();
    assert.equal(health.sandbox, true);
    const link = new RegExp(`http://127\\.0\\.0\\.1:${running.ports.portal}/sign-in\\?code=\\S+`).exec(running.text());
    assert.ok(link, `a sign-in link is printed:\n${running.text()}`);
    assert.ok((await fetch(link[0], { redirect: 'manual' })).status < 400, 'the link is taken');
    assert.match(running.text(), /editorbridge claude/);
    assert.match(running.text(), new RegExp(`ANTHROPIC_BASE_URL=http://127\\.0\\.0\\.1:${running.ports.host} `));
    assert.equal(fs.statSync(path.join(running.state, 'clients', 'claude.token')).mode & 0o777, 0o600);

    for (const port of Object.values(running.ports)) assert.deepEqual(await watchersOf(port), [], 'an editor with many windows may have taken every watcher a person has');

    process.kill(running.child.pid, signal);
    await running.child.ended;

    assert.throws(() => process.kill(health.pid, 0), { code: 'ESRCH' });
    assert.ok(await portIsFree(running.ports.host));
    assert.ok(await portIsFree(running.ports.portal));
  });
}

test('npm start names the owner of a busy port and starts nothing', { timeout: 60_000 }, async (t) => {
  const server = net.createServer();
  const port = await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
  t.after(() => server.close());
  const running = await begin(t, { args: ['--port', `${port}`] });

  const { code } = await running.child.ended;

  assert.equal(code, 1);
  assert.match(running.text(), new RegExp(`Port ${port}, where the host should listen, is in use by process ${process.pid} \\(.*node`));
  assert.match(running.text(), /Nothing was started/);
  assert.equal(fs.existsSync(running.state), false);
});
