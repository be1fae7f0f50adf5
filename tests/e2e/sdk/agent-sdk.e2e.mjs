// The Claude Agent SDK as an application uses it: its own copy of Claude Code, pointed at the proxy, held by the stream.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { locate } from '../../../scripts/lib/clients.mjs';
import { missing, Product } from '../harness.mjs';
import { dictate } from './programs.mjs';

const client = 'claude-agent-sdk-0.3.330';
const dangerous = 'drop table raw.shop.orders;\n';

test('Claude Agent SDK 0.3.330: an agent talks, writes and is held', { timeout: 240_000, skip: missing(client) }, async (t) => {
  const product = await Product.start(t);
  const { query } = await import(pathToFileURL(locate(client)));
  const run = async (turns) => {
    const messages = [];
    const options = {
      cwd: product.workspace,
      permissionMode: 'bypassPermissions',
      allowDangerouslySkipPermissions: true,
      settingSources: [],
      env: product.environment({
        ANTHROPIC_BASE_URL: product.url, ANTHROPIC_AUTH_TOKEN: product.token('claude'), CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1', IS_SANDBOX: '1',
      }),
    };
    for await (const message of query({ prompt: dictate(turns), options })) messages.push(message);
    return messages.find((message) => message.type === 'result');
  };
  const write = (file, content) => ({ tool: 'Write', input: { file_path: product.file(file), content } });

  await t.test('Claude Agent SDK 0.3.330: a harmless write passes', async () => {
    const result = await run([[{ text: 'Writing.' }, write('a.sql', 'select 1;\n')], { text: 'All written.' }]);
    assert.equal(result.result, 'All written.');
    assert.equal(fs.readFileSync(product.file('a.sql'), 'utf8'), 'select 1;\n');
    const { input_tokens: fresh, cache_read_input_tokens: read, cache_creation_input_tokens: written, output_tokens: output } = result.usage;
    assert.ok(fresh + read + written > 0 && output > 0, JSON.stringify(result.usage));
  });

  for (const [name, kind, expected] of [['approved', 'approve', dangerous], ['rejected', 'reject', null]]) {
    await t.test(`Claude Agent SDK 0.3.330: a DROP TABLE waits and is ${name}`, async () => {
      const file = `${name}.sql`;
      const running = run([[{ text: 'Cleaning up.' }, write(file, dangerous)], { text: 'Done.' }]);
      const review = await product.waitForReview();
      assert.equal(fs.existsSync(product.file(file)), false);
      await product.verdict(review.id, { kind, person: 'alice', reason: 'Looked at it.' });
      const result = await running;
      assert.equal(fs.existsSync(product.file(file)) ? fs.readFileSync(product.file(file), 'utf8') : null, expected);
      if (expected === null) assert.match(result.result, /Looked at it\./);
    });
  }
});
