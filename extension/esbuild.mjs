// Bundles the extension into one CommonJS file (dist/extension.js); with --tests, each unit test into dist/test/.
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const production = process.argv.includes('--production');
const shared = { bundle: true, format: 'cjs', platform: 'node', target: 'node20', external: ['vscode'], mainFields: ['module', 'main'], logLevel: 'warning' };

await build({ ...shared, entryPoints: ['src/extension.ts'], outfile: 'dist/extension.js', minify: production, sourcemap: production ? false : 'linked' });

if (process.argv.includes('--tests')) {
  rmSync('dist/test', { recursive: true, force: true });
  const tests = readdirSync('test').filter((name) => name.endsWith('.test.ts')).map((name) => path.join('test', name));
  await build({ ...shared, entryPoints: tests, outdir: 'dist/test', outExtension: { '.js': '.cjs' }, sourcemap: 'inline' });
}
