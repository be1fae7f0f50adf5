// The test suites of this repository, found by their place: tests/*.Tests (.NET), extension (its own test script),
// tests/e2e/**/*.e2e.mjs (one suite per folder, run by `node --test`). A suite answers what it counted; nothing counted
// or a crash is a failure.
import fs from 'node:fs';
import path from 'node:path';
import { ensure, ClientUnavailable } from './clients.mjs';
import { finish } from './processes.mjs';
import { configuration, dotnetEnvironment, npm, root } from './repository.mjs';
import { dim, duration, green, red, say, status, yellow } from './terminal.mjs';

/** What an end-to-end folder drives. `any`: one of the clients is enough, tests leave out the others by themselves. */
const clientsOf = {
  claude: { any: ['claude-code-2.1.330', 'claude-code-2.1.241', 'claude-code-2.1.112', 'claude-code-2.0.77'] },
  mcp: { all: ['mcp-2026.8.31'] },
  portal: { all: ['chromium', 'axe-core-4.14.1'] },
  sdk: { any: ['anthropic-sdk-0.27.3', 'anthropic-sdk-0.39.0', 'anthropic-sdk-0.71.2', 'anthropic-sdk-1.12.0', 'claude-agent-sdk-0.3.330'] },
  vscode: { all: ['code-server-4.139.1', 'chromium'] },
};

const logFolder = path.join(root, 'artifacts', 'test-logs');

/** A suite: `name`, whether it needs heavy clients, and `run()`, which answers `{ passed, failed, skipped }`. */
export function discover() {
  return [...dotnetSuites(), ...extensionSuite(), ...endToEndSuites()];
}

function dotnetSuites() {
  return folders(path.join(root, 'tests'))
    .filter((name) => name.endsWith('.Tests'))
    .map((name) => ({ name, heavy: false, run: () => runDotnet(name) }));
}

function extensionSuite() {
  const manifest = path.join(root, 'extension', 'package.json');
  if (!fs.existsSync(manifest) || !JSON.parse(fs.readFileSync(manifest, 'utf8')).scripts?.test) return [];
  return [{ name: 'extension', heavy: false, run: runExtension }];
}

function endToEndSuites() {
  const base = path.join(root, 'tests', 'e2e');
  // Soak tests take many minutes each; somebody who wants them says so.
  const endings = process.env.EDITORBRIDGE_SOAK ? ['.e2e.mjs', '.soak.mjs'] : ['.e2e.mjs'];
  return folders(base).flatMap((folder) => {
    const files = filesBelow(path.join(base, folder)).filter((file) => endings.some((ending) => file.endsWith(ending))).sort();
    if (files.length === 0) return [];
    const clients = clientsOf[folder];
    return [{ name: `e2e/${folder}`, heavy: clients !== undefined, files, run: () => runEndToEnd(`e2e/${folder}`, files, clients) }];
  });
}

async function runDotnet(name) {
  const log = openLog(name);
  const assembly = path.join(root, 'tests', name, 'bin', configuration, 'net10.0', `${name}.dll`);
  const { code, output } = await finish('dotnet', [assembly, '--no-ansi', '--progress', 'off'], {
    cwd: root,
    env: dotnetEnvironment,
    onLine(line) {
      log.write(`${line}\n`);
      status(`  ${line.trim()}`);
    },
  });
  log.end();
  const result = dotnetSummary(output);
  if (result.failed > 0) showFailure(name, failedBlocks(output));
  return checked(name, result, code, output);
}

/** What the testing platform counted; all zero when it came to no summary. */
export function dotnetSummary(output) {
  const summary = output.slice(output.lastIndexOf('Test run summary:'));
  const count = (word) => Number(new RegExp(`^\\s*${word}: (\\d+)\\s*$`, 'm').exec(summary)?.[1] ?? 0);
  return { passed: count('succeeded'), failed: count('failed'), skipped: count('skipped') };
}

/** The text of each failed test in the platform's output: from its "failed" line to the next test or the summary. */
function failedBlocks(output) {
  const lines = output.split('\n');
  const kept = [];
  let inside = false;
  for (const line of lines) {
    if (/^(failed|passed|skipped) /.test(line)) inside = line.startsWith('failed ');
    if (/^Test run summary/.test(line)) inside = false;
    if (inside) kept.push(line);
  }
  return kept.length > 0 ? kept.join('\n') : output;
}

async function runExtension() {
  const name = 'extension';
  const result = { passed: 0, failed: 0, skipped: 0 };
  const log = openLog(name);
  const reporter = path.join(root, 'scripts', 'lib', 'node-test-events.mjs');
  const { code, output } = await npm(['test', '--workspace', 'extension', '--silent'], {
    cwd: root,
    // Whatever runs `node --test` below npm reports to us in events.
    env: { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} "--test-reporter=${reporter.replaceAll('\\', '\\\\')}" --test-reporter-destination=stdout`.trim() },
    onLine: (line) => takeLine(line, result, log, false),
  });
  log.end();
  return checked(name, result, code, output);
}

async function runEndToEnd(name, files, clients) {
  const unavailable = {};
  for (const client of [...(clients?.all ?? []), ...(clients?.any ?? [])]) {
    try {
      await ensure(client);
    } catch (error) {
      if (!(error instanceof ClientUnavailable)) throw error;
      unavailable[client] = error.message;
      say(`  ${yellow('skipped')} what needs ${client}: ${error.message}`);
    }
  }
  const missing = clients?.all?.some((client) => unavailable[client]) || (clients?.any && clients.any.every((client) => unavailable[client]));
  if (missing) return { passed: 0, failed: 0, skipped: files.length };

  const result = { passed: 0, failed: 0, skipped: 0 };
  const log = openLog(name);
  const reporter = path.join(root, 'scripts', 'lib', 'node-test-events.mjs');
  const { code, output } = await finish(
    process.execPath,
    ['--test', '--test-concurrency=1', `--test-reporter=${reporter}`, '--test-reporter-destination=stdout', ...files],
    {
      cwd: path.join(root, 'tests', 'e2e'),
      env: { ...process.env, EDITORBRIDGE_UNAVAILABLE: JSON.stringify(unavailable) },
      onLine: (line) => takeLine(line, result, log, true),
    },
  );
  log.end();
  return checked(name, result, code, output);
}

/** One line of a node suite: an event of our reporter is counted and shown (a pass only where each takes its time), anything else goes to the log. */
function takeLine(line, result, log, showPasses) {
  const mark = line.indexOf('\u0001');
  if (mark < 0) {
    log.write(`${line}\n`);
    status(`  ${line.trim()}`);
    return;
  }
  const event = JSON.parse(line.slice(mark + 1));
  const time = dim(`(${duration(event.milliseconds)})`);
  if (event.skipped !== undefined || event.todo) {
    result.skipped += 1;
    say(`  ${yellow('skipped')} ${event.name}: ${event.skipped ?? 'to be done'}`);
  } else if (event.passed) {
    result.passed += 1;
    if (showPasses) say(`  ${green('✔')} ${event.name} ${time}`);
  } else {
    result.failed += 1;
    say(`  ${red('✖')} ${event.name} ${time}`);
    say(indent(event.error ?? 'no error given'));
  }
  log.write(`${event.skipped !== undefined ? 'skipped' : event.passed ? 'passed' : 'failed'} ${event.name}\n${event.error ? `${event.error}\n` : ''}`);
}

/** A suite that ran nothing, or that ended badly without a failed test, has failed all the same: the reason, or null. */
export function hiddenFailure({ passed, failed, skipped }, code) {
  if (passed + failed + skipped === 0) return `ran no test (exit code ${code})`;
  if (code !== 0 && failed === 0) return `ended with exit code ${code} although no test failed`;
  return null;
}

function checked(name, result, code, output) {
  const reason = hiddenFailure(result, code);
  if (!reason) return result;
  showFailure(name, `${reason}\n${output.split('\n').slice(-40).join('\n')}`);
  return { ...result, failed: result.failed + 1 };
}

function showFailure(name, text) {
  const lines = text.split('\n');
  const shown = lines.length > 120 ? [...lines.slice(0, 120), `… ${lines.length - 120} more lines in ${logFile(name)}`] : lines;
  say(`  ${red('✖')} ${name}`);
  say(indent(shown.join('\n')));
}

function indent(text) {
  return text.split('\n').map((line) => `      ${line}`).join('\n');
}

function openLog(name) {
  fs.mkdirSync(logFolder, { recursive: true });
  return fs.createWriteStream(logFile(name));
}

function logFile(name) {
  return path.join(logFolder, `${name.replaceAll('/', '-')}.log`);
}

function folders(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'node_modules').map((entry) => entry.name).sort();
}

function filesBelow(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(file);
    return [file];
  });
}

