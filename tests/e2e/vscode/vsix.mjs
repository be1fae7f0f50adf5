// The package under test, made once per run.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { finish } from '../../../scripts/lib/processes.mjs';
import { root } from '../../../scripts/lib/repository.mjs';

const extension = path.join(root, 'extension');
export const { version } = JSON.parse(fs.readFileSync(path.join(extension, 'package.json'), 'utf8'));

/** Packs with these arguments of package.mjs and answers the package's file. */
export async function pack(...args) {
  const { code, output } = await finish(process.execPath, ['package.mjs', ...args], { cwd: extension, env: withoutNpm(process.env) });
  assert.equal(code, 0, output);
  const packed = /^packed (.+\.vsix)$/m.exec(output)?.[1];
  assert.ok(packed, output);
  return path.join(root, packed);
}

/** Packs an extension that is not ours. */
export async function packFolder(folder) {
  const file = path.join(folder, 'packed.vsix');
  const vsce = /const vsce = '([^']+)'/.exec(fs.readFileSync(path.join(extension, 'package.mjs'), 'utf8'))[1];
  const { code, output } = await finish('npm', ['exec', '--yes', `--package=${vsce}`, '--', 'vsce', 'package', '--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', file], { cwd: folder, env: withoutNpm(process.env) });
  assert.equal(code, 0, output);
  return file;
}

/** What an outer npm run puts into the environment would point an inner npm at this repository's settings. */
function withoutNpm(env) {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !/^npm_(package|lifecycle|config_local_prefix|command)|^INIT_CWD$|^NODE_OPTIONS$/.test(key)));
}
