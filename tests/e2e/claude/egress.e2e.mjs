// Nothing but the account: a whole governed session, in a network with no way out, looks up no name at all.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { finish } from '../../../scripts/lib/processes.mjs';
import { missing } from '../harness.mjs';

function noNamespaces() {
  try {
    execFileSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
    return false;
  } catch (error) {
    return `needs root, unshare and ip to make a network without a way out (${error.code ?? error.message})`;
  }
}

for (const version of ['2.1.330', '2.1.112']) {
  test(`Claude Code ${version}, launched by editorbridge, looks for nobody but the account`, { timeout: 120_000, skip: missing(`claude-code-${version}`) || noNamespaces() }, async () => {
    const inner = path.join(import.meta.dirname, 'egress-run.mjs');

    const { code, output } = await finish('unshare', ['--net', process.execPath, inner, version, 'hook']);

    assert.equal(code, 0, output);
    const seen = JSON.parse(output.split('\n').findLast((line) => line.startsWith('{')));
    assert.deepEqual(seen, { code: 0, written: true, controlSeen: true, asked: [] });
  });
}
