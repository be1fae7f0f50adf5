// Starting and stopping the programs that these scripts run, and finding out who holds a port.
// Every child gets a process group of its own, so stopping it stops whatever it started.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import readline from 'node:readline';
import { promisify } from 'node:util';
import { Trouble } from './terminal.mjs';

const run = promisify(execFile);
const windows = process.platform === 'win32';
const started = new Set();

/** Starts a program; `onLine(line, stream)` gets each line it prints, `stream` being 'out' or 'err'. `lastLines` of the child are the last twenty. */
export function start(command, args, { cwd, env, input, onLine } = {}) {
  const child = spawn(command, args, {
    cwd,
    env,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: !windows,
    windowsHide: true,
  });
  started.add(child);
  child.ended = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  }).then((end) => {
    started.delete(child);
    return end;
  });
  if (input !== undefined) {
    child.stdin.on('error', () => {}); // the program may have ended without reading
    child.stdin.end(input);
  }
  child.lastLines = [];
  for (const [name, stream] of [['out', child.stdout], ['err', child.stderr]]) {
    stream.setEncoding('utf8');
    readline.createInterface({ input: stream }).on('line', (line) => {
      child.lastLines = [...child.lastLines.slice(-19), line];
      onLine?.(line, name);
    });
  }
  return child;
}

/** Runs a program to its end. Answers its exit code and all it printed; never throws for a code other than zero. */
export async function finish(command, args, options = {}) {
  const lines = [];
  const child = start(command, args, {
    ...options,
    onLine(line, stream) {
      lines.push(line);
      options.onLine?.(line, stream);
    },
  });
  const end = await child.ended;
  if (end.error) throw new Trouble(`${command} could not be started: ${end.error.message}`);
  return { code: end.code ?? 1, signal: end.signal, output: lines.join('\n') };
}

/** Ends a child and everything it started: politely first, by force after `patience` milliseconds. */
export async function stop(child, patience = 8000) {
  if (!child || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  signalGroup(child, 'SIGTERM');
  const force = setTimeout(() => signalGroup(child, 'SIGKILL'), patience);
  await child.ended;
  clearTimeout(force);
}

/** Ends every child that is still running; for a script that is leaving. */
export async function stopAll(patience) {
  await Promise.all([...started].map((child) => stop(child, patience)));
}

export function signalGroup(child, signal) {
  try {
    if (windows) spawn('taskkill', ['/pid', `${child.pid}`, '/t', '/f'], { stdio: 'ignore' });
    else process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** A port on 127.0.0.1 that nothing listens on at this moment. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** True when nothing listens on 127.0.0.1:port. */
export function portIsFree(port) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Who listens on a port: `{ pid, command }`, or null when the system does not say (another user's process). */
export async function portOwner(port) {
  const pid = process.platform === 'linux' ? ownerFromProc(port) : await ownerFromTools(port);
  return pid ? { pid, command: await commandOf(pid) } : null;
}

function ownerFromProc(port) {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readText(table).split('\n').slice(1)) {
      const column = line.trim().split(/\s+/);
      if (column[1]?.endsWith(`:${hexPort}`) && column[3] === '0A') inodes.add(`socket:[${column[9]}]`);
    }
  }
  if (inodes.size === 0) return null;
  for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const holds = fs.readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(readLink(`/proc/${pid}/fd/${fd}`)));
      if (holds) return Number(pid);
    } catch (error) {
      if (!['EACCES', 'ENOENT', 'EPERM'].includes(error.code)) throw error; // another user's, or gone meanwhile
    }
  }
  return null;
}

async function ownerFromTools(port) {
  try {
    if (windows) {
      const { stdout } = await run('netstat', ['-ano', '-p', 'tcp']);
      const row = stdout.split('\n').map((line) => line.trim().split(/\s+/)).find((c) => c[1]?.endsWith(`:${port}`) && c[3] === 'LISTENING');
      return row ? Number(row[4]) : null;
    }
    const { stdout } = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t']);
    return Number(stdout.trim().split('\n')[0]) || null;
  } catch {
    return null; // the tool is not there, or found nothing
  }
}

async function commandOf(pid) {
  const line = readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
  if (line) return line;
  try {
    const { stdout } = windows
      ? await run('tasklist', ['/fi', `pid eq ${pid}`, '/fo', 'csv', '/nh'])
      : await run('ps', ['-p', `${pid}`, '-o', 'command=']);
    return stdout.trim();
  } catch {
    return '';
  }
}

function readText(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return ''; // not on this system, or the process has gone
  }
}

function readLink(file) {
  try {
    return fs.readlinkSync(file);
  } catch {
    return '';
  }
}

/** Asks until `accept(response)` says yes. Stops early when `child` ends, and throws a Trouble with the reason. */
export async function waitForHttp(url, { child, seconds = 60, what = url, headers, accept = (response) => response.ok } = {}) {
  const deadline = Date.now() + seconds * 1000;
  let last = 'no answer';
  while (Date.now() < deadline) {
    if (child && (child.exitCode !== null || child.signalCode !== null)) {
      await child.ended; // its last words may come after its end
      throw new Trouble([`${what} ended with ${child.signalCode ?? `exit code ${child.exitCode}`} before it was ready.`, ...child.lastLines].join('\n'));
    }
    try {
      const response = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(2000) });
      await response.arrayBuffer();
      if (accept(response)) return response;
      last = `HTTP ${response.status}`;
    } catch (error) {
      last = error.cause?.code ?? error.message;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Trouble([`${what} was not ready within ${seconds} s (${last}).`, ...(child?.lastLines ?? [])].join('\n'));
}
