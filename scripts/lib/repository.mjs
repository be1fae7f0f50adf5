// Where things are in this repository, which tools it needs, and how it is built.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { finish } from './processes.mjs';
import { Trouble } from './terminal.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const configuration = 'Release';

/** The file to start for one of our executables. */
export function executable(project, name) {
  return path.join(root, project, 'bin', configuration, 'net10.0', process.platform === 'win32' ? `${name}.exe` : name);
}

export const programs = {
  host: executable('src/EditorBridge.Server', 'editorbridge'),
  sandbox: executable('src/EditorBridge.Sandbox', 'editorbridge-sandbox'),
  portal: executable('portal/EditorBridge.Portal', 'editorbridge-portal'),
};

/** The environment for dotnet: quiet, and without servers that outlive the build. */
export const dotnetEnvironment = {
  ...process.env,
  DOTNET_CLI_TELEMETRY_OPTOUT: '1',
  DOTNET_NOLOGO: '1',
  DOTNET_SKIP_FIRST_TIME_EXPERIENCE: '1',
  DOTNET_CLI_UI_LANGUAGE: 'en',
  MSBUILDTERMINALLOGGER: 'off',
  MSBUILDDISABLENODEREUSE: '1',
};

export async function checkTools() {
  const node = Number(process.versions.node.split('.')[0]);
  if (node < 20) throw new Trouble(`Node ${process.versions.node} is too old: EditorBridge needs Node 20 or newer (https://nodejs.org).`);
  let found;
  try {
    found = await finish('dotnet', ['--version'], { cwd: root, env: dotnetEnvironment });
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    throw new Trouble('The .NET SDK 10 was not found: install it (https://dotnet.microsoft.com/download/dotnet/10.0) and see that `dotnet` is on PATH.');
  }
  if (found.code !== 0) {
    throw new Trouble(`EditorBridge needs the .NET SDK 10 (https://dotnet.microsoft.com/download/dotnet/10.0). dotnet said:\n${found.output}`);
  }
}

/** Builds a solution or project. On failure the compiler's errors are the message. */
export async function build(target, onLine) {
  const { code, output } = await finish(
    'dotnet',
    ['build', target, '-c', configuration, '-v', 'q', '--nologo', '-clp:NoSummary', '-p:UseSharedCompilation=false'],
    { cwd: root, env: dotnetEnvironment, onLine },
  );
  if (code === 0) return;
  const errors = [...new Set(output.split('\n').filter((line) => / error |: error|^error/i.test(line)))];
  throw new Trouble(`The build of ${target} failed:\n${(errors.length > 0 ? errors.slice(0, 20).join('\n') : output.slice(-4000))}`);
}

/** Runs npm with the same Node that runs this script. */
export function npm(args, options = {}) {
  const script = process.env.npm_execpath;
  if (script?.endsWith('.js')) return finish(process.execPath, [script, ...args], options);
  return process.platform === 'win32'
    ? finish(process.env.ComSpec ?? 'cmd.exe', ['/d', '/s', '/c', 'npm', ...args], options)
    : finish('npm', args, options);
}

/** `npm ci` for the workspaces, unless what is installed already comes from this very lock file. */
export async function installNodePackages(onLine) {
  const lock = fs.readFileSync(path.join(root, 'package-lock.json'));
  const wanted = crypto.createHash('sha256').update(lock).digest('hex');
  const stamp = path.join(root, 'node_modules', '.installed-from');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return false;
  const { code, output } = await npm(['ci', '--no-audit', '--no-fund'], { cwd: root, onLine });
  if (code !== 0) throw new Trouble(`npm ci failed:\n${output.slice(-4000)}`);
  fs.writeFileSync(stamp, wanted);
  return true;
}
