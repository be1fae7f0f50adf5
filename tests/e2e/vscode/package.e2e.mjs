// The package people install: what is in it, that it brings a program that works, and how long a window waits for it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { missing, Product, until } from '../harness.mjs';
import { pack, version } from './vsix.mjs';
import { Workbench } from './workbench.mjs';

const skip = missing('code-server-4.139.1') || missing('chromium');
const budgetToReadyMs = 1500;
const budgetToActivateMs = 150;
const starts = 3;
const coldStarts = 5;

test('the package with its program inside', { timeout: 900_000, skip }, async (outer) => {
  const vsix = await pack();
  const files = execFileSync('unzip', ['-Z1', vsix], { encoding: 'utf8' }).trim().split('\n');

  await outer.test('holds what runs and nothing else', () => {
    const shipped = files.filter((name) => name.startsWith('extension/') && !name.startsWith('extension/backend/')).map((name) => name.slice('extension/'.length)).sort();
    assert.deepEqual(shipped, [
      'LICENSE.txt', 'changelog.md', 'dist/extension.js', 'media/activity.svg', 'media/icon.png', 'media/icon.svg',
      'media/walkthrough/account.md', 'media/walkthrough/agent.md', 'media/walkthrough/portal.md', 'media/walkthrough/review.md', 'media/walkthrough/running.md', 'package.json', 'readme.md',
    ]);
    const backend = files.filter((name) => name.startsWith('extension/backend/')).map((name) => name.slice('extension/backend/'.length));
    for (const name of ['editorbridge.dll', 'editorbridge.runtimeconfig.json', 'editorbridge.deps.json', 'EditorBridge.Core.dll', 'EditorBridge.Ledger.dll', 'EditorBridge.Snowflake.dll']) assert.ok(backend.includes(name), name);
    assert.deepEqual(backend.filter((name) => /\.pdb$|\.map$|appsettings|web\.config|Sandbox|Tests|\.token$|\.key$/i.test(name)), []);
    assert.deepEqual(backend.filter((name) => /runtimes\/(?!linux-|osx-|win-)/.test(name)), [], 'native libraries for systems VS Code does not run on');
  });

  await outer.test('names no folder of the machine it was made on', () => {
    const script = execFileSync('unzip', ['-p', vsix, 'extension/dist/extension.js'], { encoding: 'utf8', maxBuffer: 1 << 26 });
    assert.ok(script.length > 20_000);
    assert.equal(script.includes(path.dirname(vsix)), false);
    assert.equal(JSON.parse(execFileSync('unzip', ['-p', vsix, 'extension/package.json'], { encoding: 'utf8' })).version, version);
  });

  await outer.test('runs from the package, and a window is ready soon', { timeout: 500_000 }, async (t) => {
    const product = await Product.start(t);
    const workbench = await Workbench.start(t, {
      folder: path.join(product.folder, 'workbench'), vsix, environment: product.environment({ PATH: `${process.env.PATH}` }),
      settings: { 'editorbridge.server.dotnetPath': dotnet() },
    });
    const opened = [];
    const open = async () => {
      const window = await workbench.open(product.workspace);
      await window.ready();
      const log = await until('the log of this start', () => [...workbench.extensionLog().matchAll(/ready in (\d+) ms/g)].length > opened.length && workbench.extensionLog());
      assert.match(log, /Starting .*dotnet .*editorbridge\.dll editor/);
      opened.push(Number([...log.matchAll(/ready in (\d+) ms/g)].at(-1)[1]));
      await window.close();
    };
    for (let start = 0; start < starts; start++) await open();
    const took = [...opened];
    // Cold: no host runs, so the window's program starts one, as the last was started.
    t.after(() => endHost(product));
    for (let start = 0; start < coldStarts; start++) {
      await endHost(product);
      await open();
    }
    const cold = opened.slice(starts);
    const activation = activationTimes(workbench.folder);
    const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
    t.diagnostic(`ready after ${took.join(', ')} ms, median ${median(took)}; with no host running ${cold.join(', ')} ms, median ${median(cold)} (goal ${budgetToReadyMs}); activation ${activation.join(', ')} ms (goal ${budgetToActivateMs}); package ${(fs.statSync(vsix).size / 1e6).toFixed(1)} MB`);
    assert.equal(cold.length, coldStarts);
  });
});

/** Ends whatever host runs, as a power cut would. */
async function endHost(product) {
  const health = () => fetch(`${product.url}/health`).then((response) => response.json(), () => null);
  const host = await health();
  if (host) process.kill(host.pid, 'SIGKILL');
  await until('the host to be gone', async () => (await health()) === null);
}

/** Milliseconds our activation took, as the extension host logged them. */
function activationTimes(folder) {
  const logs = path.join(folder, 'data', 'logs');
  return fs.readdirSync(logs, { recursive: true }).filter((name) => /EditorBridge.*\.log$/.test(name))
    .flatMap((name) => [...fs.readFileSync(path.join(logs, name), 'utf8').matchAll(/activated in (\d+) ms/g)].map((match) => Number(match[1])));
}

function dotnet() {
  const program = process.platform === 'win32' ? 'dotnet.exe' : 'dotnet';
  return process.env.PATH.split(path.delimiter).map((folder) => path.join(folder, program)).filter((file) => fs.existsSync(file)).map((file) => fs.realpathSync(file))[0];
}
