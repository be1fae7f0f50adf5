// `editorbridge setup vscode` with a real editor: its own command line installs, lists and takes out the extension.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { locate, nodeOf } from '../../../scripts/lib/clients.mjs';
import { programs } from '../../../scripts/lib/repository.mjs';
import { missing, Product } from '../harness.mjs';
import { pack, version } from './vsix.mjs';

const codeServer = 'code-server-4.139.1';

test('setup vscode installs the extension and its settings, checks them, and takes them out', { timeout: 300_000, skip: missing(codeServer) }, async (t) => {
  const product = await Product.start(t);
  const vsix = await pack('--without-backend');
  const bin = path.join(product.folder, 'bin');
  fs.mkdirSync(bin);
  fs.writeFileSync(path.join(bin, 'code-server'), `#!/bin/sh\nexec '${nodeOf(codeServer)}' '${locate(codeServer)}' "$@"\n`, { mode: 0o755 });
  const settings = path.join(product.home, '.local', 'share', 'code-server', 'Machine', 'settings.json');
  const before = '{\n  // how I like it\n  "editor.fontSize": 13\n}\n';
  fs.mkdirSync(path.dirname(settings), { recursive: true });
  fs.writeFileSync(settings, before);
  const setup = (...args) => product.cli(['setup', 'vscode', '--vsix', vsix, ...args], {
    env: product.environment({ PATH: `${bin}${path.delimiter}/usr/bin${path.delimiter}/bin`, EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: 'http://127.0.0.1:9/gallery' }) }),
  });

  assert.equal((await setup('--check')).code, 1, 'nothing is there yet');
  const installed = await setup();
  assert.equal(installed.code, 0, installed.err);
  assert.match(installed.out, new RegExp(`code-server: the extension ${version} is installed`));
  assert.equal(fs.readFileSync(settings, 'utf8'), `{\n  // how I like it\n  "editor.fontSize": 13,\n  "editorbridge.server.path": "${programs.host}",\n  "editorbridge.terminal.environment": true\n}\n`);
  const checked = await setup('--check');
  assert.equal(checked.code, 0, checked.out);

  fs.writeFileSync(settings, fs.readFileSync(settings, 'utf8').replace('true', 'false'));
  const drifted = await setup('--check');
  assert.deepEqual([drifted.code, /terminal\.environment .* differs/.test(drifted.out)], [1, true], drifted.out);
  assert.match((await product.cli(['doctor'])).out, /warn +code-server: editorbridge\.terminal\.environment .* ungoverned/);

  const removed = await setup('--remove');
  assert.equal(removed.code, 0, removed.err);
  assert.match(removed.out, /the extension is taken out/);
  assert.equal((await setup('--check')).code, 1);
  assert.doesNotMatch(fs.readFileSync(settings, 'utf8'), /editorbridge/);
  assert.match(fs.readFileSync(settings, 'utf8'), /how I like it/);

  const nobody = await product.cli(['setup', 'vscode', '--editor', 'Cursor'], { env: product.environment({ PATH: bin }) });
  assert.equal(nobody.code, 1);
  assert.match(nobody.err, /Cursor was not found here\. Found: code-server/);
});
