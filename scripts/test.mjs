// npm test: every test of the repository, and what they need. Closes with one line: "N passed, N failed" (", N skipped").
import { parseArgs } from 'node:util';
import { stopAll } from './lib/processes.mjs';
import { build, checkTools, installNodePackages } from './lib/repository.mjs';
import { discover } from './lib/suites.mjs';
import { bold, clearStatus, dim, duration, green, red, run, say, status, Trouble, yellow } from './lib/terminal.mjs';

const help = `npm test [-- options]

Runs every test: .NET, the VS Code extension, and end-to-end with the real Claude Code, VS Code workbench and browser.
Needs the .NET SDK 10 and Node 20; fetches everything else. The real clients (about 1.3 GB) are fetched on the first run
into \${EDITORBRIDGE_CACHE:-~/.cache/editorbridge}.

  --quick        leave out the tests that need the heavy real clients
  --only NAME    run only the suites whose name contains NAME; may be given several times
  --list         name the suites and end
  --help         this text

A client that cannot be had on this machine is reported as skipped, with the reason. Logs: artifacts/test-logs.`;

async function main() {
  const { values: options } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (options.help) return say(help);

  const all = discover();
  const chosen = all.filter((suite) => options.only.length === 0 || options.only.some((part) => suite.name.toLowerCase().includes(part.toLowerCase())));
  if (chosen.length === 0) throw new Trouble(`No suite is called like ${options.only.join(', ')}. There are: ${all.map((suite) => suite.name).join(', ')}.`);
  if (options.list) return chosen.forEach((suite) => say(`${suite.name}${suite.heavy ? dim('  (heavy clients)') : ''}`));

  await checkTools();
  const began = Date.now();
  const total = { passed: 0, failed: 0, skipped: 0 };
  const ready = await prepare();
  if (ready) {
    for (const suite of chosen) add(total, await runSuite(suite, options.quick));
  } else {
    total.failed += 1;
  }

  say();
  if (options.quick) say(`${yellow('left out by --quick')}: ${chosen.filter((suite) => suite.heavy).map((suite) => suite.name).join(', ') || 'nothing'}`);
  say(dim(`took ${duration(Date.now() - began)}`));
  say(`${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`);
  return total.failed > 0 ? 1 : 0;
}

/** Packages and the build. When they fail there is nothing to run, and that is one failure. */
async function prepare() {
  try {
    await step('npm packages', (onLine) => installNodePackages(onLine));
    await step('build', (onLine) => build('EditorBridge.sln', onLine));
    return true;
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    clearStatus();
    say(`${red('✖')} ${error.message}`);
    return false;
  }
}

async function step(name, action) {
  const began = Date.now();
  if (!process.stdout.isTTY) say(`${bold(name)} …`);
  const tick = setInterval(() => status(`${name} … ${duration(Date.now() - began)}`), 500);
  try {
    await action((line) => status(`${name} … ${line.trim()}`));
  } finally {
    clearInterval(tick);
  }
  say(`${green('✔')} ${bold(name)} ${dim(`(${duration(Date.now() - began)})`)}`);
}

async function runSuite(suite, quick) {
  if (quick && suite.heavy) {
    say(`${yellow('left out')} ${bold(suite.name)} ${dim('(--quick)')}`);
    return { passed: 0, failed: 0, skipped: suite.files.length };
  }
  const began = Date.now();
  say(`${bold(suite.name)} …`);
  const result = await suite.run();
  const counts = `${result.passed} ✔  ${result.failed > 0 ? red(`${result.failed} ✖`) : '0 ✖'}${result.skipped > 0 ? yellow(`  ${result.skipped} skipped`) : ''}`;
  say(`${result.failed > 0 ? red('✖') : green('✔')} ${bold(suite.name)}: ${counts} ${dim(`(${duration(Date.now() - began)})`)}`);
  return result;
}

function add(total, result) {
  for (const key of Object.keys(total)) total[key] += result[key];
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await stopAll(2000);
    process.exit(1);
  });
}

await run(main);
