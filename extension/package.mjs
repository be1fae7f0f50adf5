// Makes VSIX packages with the backend inside: dist/editorbridge-<version>-<target>.vsix.
//   node package.mjs                     the framework-dependent package, for every platform that has .NET 10
//   node package.mjs linux-x64 …         self-contained packages for these targets
//   node package.mjs --without-backend   the editor side only, for a machine where editorbridge is on PATH
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** VS Code's names of platforms and .NET's. */
const runtimes = {
  'linux-x64': 'linux-x64', 'linux-arm64': 'linux-arm64', 'alpine-x64': 'linux-musl-x64', 'alpine-arm64': 'linux-musl-arm64',
  'darwin-x64': 'osx-x64', 'darwin-arm64': 'osx-arm64', 'win32-x64': 'win-x64', 'win32-arm64': 'win-arm64',
};
const vsce = '@vscode/vsce@3.9.2';

const folder = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(folder);
const backend = path.join(folder, 'backend');
const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32', env: { ...process.env, DOTNET_NOLOGO: '1' } });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}

/** The program for one platform with its runtime, or without a runtime for all of them. */
function publish(runtime) {
  rmSync(backend, { recursive: true, force: true });
  // No symbols: they double the size and name this machine's folders.
  const shape = ['-c', 'Release', '-v', 'q', '--nologo', '-p:DebugType=none', '-p:DebugSymbols=false', '-p:UseSharedCompilation=false'];
  // Restoring for one platform would rewrite the lock files of the repository, hence one of its own.
  const target = runtime ? ['-r', runtime, '--self-contained', 'true', '-p:PublishReadyToRun=true', '-p:RestoreLockedMode=false', '-p:NuGetLockFilePath=obj/publish.lock.json'] : ['--self-contained', 'false', '-p:UseAppHost=false'];
  // Built in a place of its own: without an app host, the build would take the repository's own program away.
  run('dotnet', ['publish', path.join(root, 'src', 'EditorBridge.Server'), ...shape, ...target, '--artifacts-path', path.join(root, 'artifacts', 'package'), '-o', backend]);
  // What only an IIS site or a static web page would read, and native libraries for systems that VS Code does not run on.
  for (const name of ['web.config', 'editorbridge.staticwebassets.endpoints.json']) rmSync(path.join(backend, name), { force: true });
  const natives = path.join(backend, 'runtimes');
  const known = new Set(Object.values(runtimes));
  if (existsSync(natives)) for (const name of readdirSync(natives).filter((each) => !known.has(each))) rmSync(path.join(natives, name), { recursive: true });
}

function pack(target, output) {
  const where = target ? ['--target', target] : [];
  run('npm', ['exec', '--yes', `--package=${vsce}`, '--', 'vsce', 'package', '--no-dependencies', ...where, '--out', output]);
  console.log(`packed ${path.relative(root, output)}`);
}

const wanted = process.argv.slice(2);
const withoutBackend = wanted.includes('--without-backend');
const targets = wanted.filter((name) => !name.startsWith('--'));
const unknown = targets.filter((name) => !(name in runtimes));
if (unknown.length > 0) throw new Error(`Unknown target ${unknown.join(', ')}; there are ${Object.keys(runtimes).join(', ')}.`);

run(process.execPath, ['esbuild.mjs', '--production']);
mkdirSync(path.join(folder, 'dist'), { recursive: true });
if (withoutBackend || targets.length === 0) {
  if (withoutBackend) rmSync(backend, { recursive: true, force: true });
  else publish(null);
  pack(null, path.join(folder, 'dist', `editorbridge-${version}${withoutBackend ? '-without-backend' : ''}.vsix`));
}
for (const target of targets) {
  publish(runtimes[target]);
  pack(target, path.join(folder, 'dist', `editorbridge-${version}-${target}.vsix`));
}
