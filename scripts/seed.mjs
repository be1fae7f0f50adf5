// npm run seed -- --calls 1000000 --ledger DIR: fills an empty ledger with a made history, for trying the portal and for measurements.
import { spawn } from 'node:child_process';
import { build, checkTools, programs } from './lib/repository.mjs';
import { run } from './lib/terminal.mjs';

async function main() {
  await checkTools();
  await build('src/EditorBridge.Server');
  const child = spawn(programs.host, ['ledger', 'seed', ...process.argv.slice(2)], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

await run(main);
