// `editorbridge setup mcp` with the real Claude Code: it starts the gateway as it was told, and no file holds a token.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { locate, nodeOf } from '../../../scripts/lib/clients.mjs';
import { finish } from '../../../scripts/lib/processes.mjs';
import { claudeVersions, missing, Product } from '../harness.mjs';

for (const version of claudeVersions) {
  test(`${version}: setup mcp registers the gateway, the client connects to it, and it is taken out again`, { timeout: 120_000, skip: missing(`claude-code-${version}`) }, async (t) => {
    const product = await Product.start(t);
    const file = path.join(product.home, '.claude.json');
    fs.writeFileSync(file, JSON.stringify({ hasCompletedOnboarding: true, mcpServers: {} }, null, 2));
    const program = locate(`claude-code-${version}`);
    const [command, ...before] = program.endsWith('.js') ? [nodeOf(`claude-code-${version}`), program] : [program];
    const servers = async () => (await finish(command, [...before, 'mcp', 'list'], { cwd: product.workspace, env: product.environment({ IS_SANDBOX: '1', DISABLE_AUTOUPDATER: '1' }) })).output;

    const installed = await product.cli(['setup', 'mcp']);
    assert.equal(installed.code, 0, installed.err);
    assert.match(installed.out, /Claude Code: mcpServers\.editorbridge .* is written/);
    assert.equal((await product.cli(['setup', 'mcp', '--check'])).code, 0);
    assert.match(await servers(), /editorbridge: .*Connected/);
    for (const client of ['claude', 'hook', 'mcp']) assert.doesNotMatch(fs.readFileSync(file, 'utf8'), new RegExp(product.token(client)));

    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"mcp"', '"mcp", "--state", "/elsewhere"'));
    const drifted = await product.cli(['setup', 'mcp', '--check']);
    assert.deepEqual([drifted.code, /differs/.test(drifted.out)], [1, true], drifted.out);
    assert.match((await product.cli(['doctor'])).out, /warn +Claude Code: mcpServers\.editorbridge .* another way/);

    assert.equal((await product.cli(['setup', 'mcp', '--remove'])).code, 0);
    assert.doesNotMatch(await servers(), /editorbridge/);
    assert.equal(JSON.parse(fs.readFileSync(file, 'utf8')).hasCompletedOnboarding, true);
  });
}
