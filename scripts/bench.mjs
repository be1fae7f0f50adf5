// npm run bench [-- --quick] [-- --ledger DIR]: every figure of docs/performance.md, printed and not kept. About six minutes on a quiet machine.
import { spawn } from 'node:child_process';
import os from 'node:os';
import { build, checkTools, executable } from './lib/repository.mjs';
import { bold, dim, run, say, status, Trouble } from './lib/terminal.mjs';

const program = executable('tests/EditorBridge.Benchmarks', 'EditorBridge.Benchmarks');

function benchmarks({ quick, ledger }) {
  return [
    ['sql'],
    ['sql-diff'],
    ['policy'],
    ['ledger-append', quick ? '200' : '1000'],
    ['proxy', quick ? '100' : '600'],
    ['doors', quick ? '100' : '500'],
    ['count-tokens'],
    ['proxy-memory', '200', quick ? '15' : '60'],
    ...(ledger ? [['ledger-verify', ledger], ['ledger-query', ledger], ['portal-memory', ledger]] : []),
  ];
}

function options(given) {
  const chosen = { quick: false, ledger: undefined };
  for (let i = 0; i < given.length; i++) {
    if (given[i] === '--quick') chosen.quick = true;
    else if (given[i] === '--ledger' && given[i + 1]) chosen.ledger = given[++i];
    else throw new Trouble('npm run bench [-- --quick] [-- --ledger DIR]\n  --quick   fewer rounds, to see that it runs\n  --ledger  also verify and ask a large ledger, and open the portal on it (npm run seed -- --calls 1000000 --ledger DIR)');
  }
  return chosen;
}

// A missed figure is a figure too: the rest is still measured, and the exit code tells.
function measure(benchmark) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, benchmark, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

async function main() {
  const chosen = options(process.argv.slice(2));
  await checkTools();
  status('Building the benchmarks');
  await build('tests/EditorBridge.Benchmarks');
  say(`${os.cpus().length} × ${os.cpus()[0]?.model ?? 'unknown processor'}, load ${os.loadavg()[0].toFixed(1)}, ${os.type()} ${os.release()}, ${new Date().toISOString().slice(0, 10)}`);
  let worst = 0;
  for (const benchmark of benchmarks(chosen)) {
    say(`\n${bold(benchmark.join(' '))} ${dim(`(load ${os.loadavg()[0].toFixed(1)})`)}`);
    worst = Math.max(worst, await measure(benchmark));
  }
  return worst;
}

await run(main);
