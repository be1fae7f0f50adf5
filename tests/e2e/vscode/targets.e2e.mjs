// The packages for single platforms: what is in each, and that this machine's runs without .NET installed. All of them with EDITORBRIDGE_TARGETS=all, or those it names.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pack, version } from './vsix.mjs';

const here = `${process.platform}-${process.arch}`;
/** Per target: the program, the runtime and SQLite, as that system names them. */
const files = {
  linux: ['editorbridge', 'libcoreclr.so', 'libe_sqlite3.so'],
  alpine: ['editorbridge', 'libcoreclr.so', 'libe_sqlite3.so'],
  darwin: ['editorbridge', 'libcoreclr.dylib', 'libe_sqlite3.dylib'],
  win32: ['editorbridge.exe', 'coreclr.dll', 'e_sqlite3.dll'],
};
const targets = ['linux-x64', 'linux-arm64', 'alpine-x64', 'alpine-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64', 'win32-arm64'];
const wanted = process.env.EDITORBRIDGE_TARGETS === 'all' ? targets : (process.env.EDITORBRIDGE_TARGETS ?? here).split(',');

for (const target of wanted) {
  test(`the package for ${target}`, { timeout: 900_000, skip: !targets.includes(target) && `VS Code has no target ${target}` }, async (t) => {
    const vsix = await pack(target);
    t.diagnostic(`${path.basename(vsix)}: ${(fs.statSync(vsix).size / 1e6).toFixed(1)} MB`);
    assert.equal(path.basename(vsix), `editorbridge-${version}-${target}.vsix`);
    assert.ok(fs.statSync(vsix).size < 80e6, 'a package somebody downloads');
    const entry = (name) => execFileSync('unzip', ['-p', vsix, name], { encoding: 'utf8', maxBuffer: 1 << 26 });
    const held = execFileSync('unzip', ['-Z1', vsix], { encoding: 'utf8', maxBuffer: 1 << 24 }).trim().split('\n');
    const backend = held.filter((name) => name.startsWith('extension/backend/')).map((name) => name.slice('extension/backend/'.length));

    assert.match(entry('extension.vsixmanifest'), new RegExp(`TargetPlatform="${target}"`));
    for (const name of [...files[target.split('-')[0]], 'editorbridge.dll', 'EditorBridge.Core.dll', 'EditorBridge.Ledger.dll', 'EditorBridge.Snowflake.dll']) assert.ok(backend.includes(name), `${name} is missing`);
    const others = Object.entries(files).filter(([system]) => files[system][1] !== files[target.split('-')[0]][1]).map(([, [, runtime]]) => runtime);
    assert.deepEqual(backend.filter((name) => others.includes(name) || name.startsWith('runtimes/')), [], 'another system’s runtime');
    assert.deepEqual(backend.filter((name) => /\.pdb$|\.map$|appsettings|web\.config|Sandbox|Tests|\.token$|\.key$/i.test(name)), []);
    assert.deepEqual(held.filter((name) => name.startsWith('extension/dist/')), ['extension/dist/extension.js']);

    if (target !== here) return;
    await t.test('runs where no .NET is installed', () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'editorbridge-target-'));
      t.after(() => fs.rmSync(folder, { recursive: true }));
      execFileSync('unzip', ['-q', vsix, '-d', folder]);
      const said = execFileSync(path.join(folder, 'extension', 'backend', files[target.split('-')[0]][0]), ['--version'], { encoding: 'utf8', env: { HOME: folder, PATH: folder, DOTNET_ROOT: folder } });
      assert.ok(said.startsWith(version), said);
    });
  });
}
