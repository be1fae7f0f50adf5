// npm start: builds EditorBridge, starts it and says how to use it. Without --account a stand-in account (the sandbox) is
// started too, so that everything works with nothing but this checkout. Ctrl-C ends all of it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { portIsFree, portOwner, start, stop, stopAll, waitForHttp } from './lib/processes.mjs';
import { build, checkTools, programs } from './lib/repository.mjs';
import { blue, bold, clearStatus, cyan, dim, duration, green, magenta, red, run, say, status, Trouble, yellow } from './lib/terminal.mjs';

const help = `npm start [-- options]

Builds EditorBridge and starts the host (the gate, the Messages proxy, the ledger) and the portal, both on 127.0.0.1.
Without --account a sandbox account is started too: a stand-in whose "model" is a script, to look around with.

  --account NAME      use this connection of Snowflake's connections.toml instead of the sandbox
  --port N            port of the host (default 4000)
  --portal-port N     port of the portal (default 4080)
  --state DIR         where tokens and the ledger are kept (default: EDITORBRIDGE_HOME, else the platform's place)
  --verbose           show everything the parts log, not only warnings
  --help              this text

Ctrl-C stops all parts. Reviews that are pending then are pending again after the next start.`;

const colourOf = { sandbox: magenta, host: cyan, portal: blue };
const windows = process.platform === 'win32';
const parts = [];
let stopping = false;

async function main() {
  const options = readOptions();
  if (options.help) return say(help);
  await checkTools();
  await refuseBusyPort('host', options.port, '--port');
  await refuseBusyPort('portal', options.portalPort, '--portal-port');
  await buildQuietly();

  const state = prepareState(options.state);
  const account = options.account ? { arguments: ['--account', options.account], words: `account ${options.account}` } : await startSandbox(state, options);
  const hostUrl = await startHost(state, account, options);
  const portal = await startPortal(state, options);
  announce({ hostUrl, portal, state, account });
  return ended();
}

function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        account: { type: 'string' },
        port: { type: 'string', default: '4000' },
        'portal-port': { type: 'string', default: '4080' },
        state: { type: 'string' },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new Trouble(`${error.message}\n\n${help}`);
  }
  return { ...values, port: portNumber('--port', values.port), portalPort: portNumber('--portal-port', values['portal-port']) };
}

function portNumber(option, text) {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Trouble(`${option} needs a number from 1 to 65535, not "${text}".`);
  return port;
}

async function refuseBusyPort(what, port, option) {
  if (await portIsFree(port)) return;
  const owner = await portOwner(port);
  const who = owner ? `process ${owner.pid}${owner.command ? ` (${owner.command})` : ''}` : 'a process of another user';
  throw new Trouble(
    `Port ${port}, where the ${what} should listen, is in use by ${who}. Nothing was started.\n` +
      `  Stop that process${owner ? ` (kill ${owner.pid})` : ''}, or choose another port: npm start -- ${option} ${port + 1}`,
  );
}

async function buildQuietly() {
  const began = Date.now();
  if (!process.stdout.isTTY) say('building …');
  const tick = setInterval(() => status(`building … ${duration(Date.now() - began)} ${dim('(the first time also fetches packages)')}`), 300);
  try {
    await build('EditorBridge.Run.slnf');
  } finally {
    clearInterval(tick);
  }
  say(`${green('✔')} built ${dim(`(${duration(Date.now() - began)})`)}`);
}

/** The state folder: the one given, else the same default as the program's own. */
function prepareState(given) {
  const home = os.homedir();
  const folder = path.resolve(
    given ??
      process.env.EDITORBRIDGE_HOME ??
      (process.platform === 'win32'
        ? path.join(process.env.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local'), 'EditorBridge')
        : process.platform === 'darwin'
          ? path.join(home, 'Library', 'Application Support', 'EditorBridge')
          : path.join(process.env.XDG_STATE_HOME ?? path.join(home, '.local', 'state'), 'editorbridge')),
  );
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  return { folder, given: given !== undefined };
}

async function startSandbox(state, options) {
  const patFile = path.join(state.folder, 'sandbox.pat');
  let ready;
  const url = new Promise((resolve) => {
    ready = resolve;
  });
  const part = startPart('sandbox', programs.sandbox, ['--port', '0', '--pat-file', patFile], options, (line) => {
    // Its one line on standard output says where it listens.
    if (!line.startsWith('{')) return false;
    ready(JSON.parse(line).url);
    return true;
  });
  const address = await Promise.race([url, part.child.ended.then(() => null)]);
  if (!address) throw new Trouble(`The sandbox did not start.\n${part.child.lastLines.join('\n')}`);
  return { arguments: ['--sandbox', address, '--pat-file', patFile], words: 'the sandbox account: nothing leaves this machine, the model is a script', sandbox: true };
}

async function startHost(state, account, options) {
  const url = `http://127.0.0.1:${options.port}`;
  const portalUrl = `http://127.0.0.1:${options.portalPort}`;
  const part = startPart('host', programs.host, ['serve', '--port', `${options.port}`, '--state', state.folder, '--portal-url', portalUrl, ...account.arguments], options);
  await waitForHttp(`${url}/health`, { child: part.child, what: 'The host' });
  return url;
}

async function startPortal(state, options) {
  const url = `http://127.0.0.1:${options.portalPort}`;
  let link = null;
  const part = startPart('portal', programs.portal, ['--state', state.folder, '--port', `${options.portalPort}`], options, (line) => {
    const found = /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(line);
    if (found) link ??= found[0];
    return found !== null;
  });
  await waitForHttp(url, { child: part.child, what: 'The portal', accept: (response) => response.status < 500 });
  return { url, port: options.portalPort, link: () => link };
}

/** Starts a part. `take(line)` may keep a line of its output for itself by answering true; the rest is shown quietly. */
function startPart(name, program, args, options, take = () => false) {
  const child = start(program, args, {
    env: { ...process.env, DOTNET_NOLOGO: '1' },
    onLine(line, stream) {
      if (stream === 'out' && take(line)) return;
      if (options.verbose || /\b(warn|fail|crit|error)\b/i.test(line)) say(`${colourOf[name](name.padEnd(7))} ${dim('│')} ${dim(line)}`);
    },
  });
  const part = { name, child };
  parts.push(part);
  return part;
}

function announce({ hostUrl, portal, state, account }) {
  const token = quoted(path.join(state.folder, 'clients', 'claude.token'));
  const linkCommand = `${quoted(programs.portal)} link --state ${quoted(state.folder)} --port ${portal.port}`;
  clearStatus();
  say();
  say(`${bold('EditorBridge is running')} with ${account.words}.`);
  say();
  say(`  ${bold('Portal')}        ${portal.url}`);
  say(`  ${bold('Sign in')}       ${portal.link() ?? linkCommand}`);
  say(dim('                good once, for ten minutes; another one:'));
  say(dim(`                ${linkCommand}`));
  say(`  ${bold('Proxy')}         ${hostUrl}   ${dim('Anthropic Messages API')}`);
  say(`  ${bold('State')}         ${state.folder}`);
  say();
  say(`${bold('Start Claude Code')} in another terminal, in the folder you want to work in:`);
  say();
  say(`  ${green(`${state.given ? `${variable('EDITORBRIDGE_HOME', state.folder)} ` : ''}${quoted(programs.host)} claude`)}`);
  say();
  say(dim('  or, with any Anthropic client and without the hook (reviews then hold the stream itself):'));
  say(
    dim(
      windows
        ? `  $env:ANTHROPIC_BASE_URL='${hostUrl}'; $env:ANTHROPIC_AUTH_TOKEN=(Get-Content ${token}); claude`
        : `  ANTHROPIC_BASE_URL=${hostUrl} ANTHROPIC_AUTH_TOKEN="$(cat ${token})" claude`,
    ),
  );
  if (account.sandbox) {
    say();
    say(`${bold('Try')}  "Create a model that shows revenue per customer"  ${dim('allowed, written at once')}`);
    say(`     "Clean up the staging table"                      ${dim('a DROP TABLE: held until you approve it in the portal')}`);
  }
  say();
  say(dim('Ctrl-C stops everything.'));
}

/** A word as the shell of this system takes it. */
function quoted(text) {
  if (windows) return /\s/.test(text) ? `& '${text.replaceAll("'", "''")}'` : text;
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function variable(name, value) {
  return windows ? `$env:${name}='${value.replaceAll("'", "''")}';` : `${name}=${quoted(value)}`;
}

/** Resolves when a part ends by itself (a failure) or when the person wants everything to stop. */
async function ended() {
  const first = await Promise.race(parts.map((part) => part.child.ended.then((end) => ({ part, end }))));
  if (stopping) return await everythingStopped;
  say(`${red('✖')} The ${first.part.name} ended by itself (${first.end.signal ?? `exit code ${first.end.code}`}); the other parts are stopped. It said:`);
  first.part.child.lastLines.forEach((line) => say(`  ${line}`));
  await stopParts();
  return 1;
}

/** The portal and the host before the account they talk to; then a build that may still run. */
async function stopParts() {
  stopping = true;
  for (const part of [...parts].reverse()) await stop(part.child);
  await stopAll(2000);
}

let everythingStopped = Promise.resolve(0);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    clearStatus();
    say(yellow('stopping …'));
    everythingStopped = stopParts().then(() => {
      say('stopped.');
      process.exit(signal === 'SIGTERM' ? 143 : signal === 'SIGHUP' ? 129 : 0);
    });
  });
}

await run(async () => {
  try {
    return await main();
  } catch (error) {
    if (stopping) return await everythingStopped; // a part that was told to stop is not a failure
    await stopParts();
    throw error;
  }
});
