// The gateway as a stdio server of the real client: the client starts `editorbridge mcp` itself, calls its tools, and is
// told when a person rejects one.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { missing, Product } from '../harness.mjs';
import { programs } from '../../../scripts/lib/repository.mjs';

const version = '2.1.330';
const skip = missing(`claude-code-${version}`);

const sql = (id, statement, more = {}) => ({ tool: 'mcp__editorbridge__execute_sql', id, input: { sql: statement, ...more } });

/** Claude Code pointed at the proxy, with the gateway as a stdio server in its configuration. */
function session(product, turns) {
  const config = product.file('mcp.json');
  fs.writeFileSync(config, JSON.stringify({ mcpServers: { editorbridge: { command: programs.host, args: ['mcp', '--state', product.state] } } }));
  return product.claude({ version, door: 'stream', turns, args: ['--mcp-config', config, '--strict-mcp-config', '--allowedTools', 'mcp__editorbridge'] });
}

test('Claude Code starts the gateway itself, reads rows without a question and saves a result in its folder', { skip, timeout: 120_000 }, async (t) => {
  const product = await Product.start(t);
  const running = await session(product, [
    [{ text: 'Reading.' }, sql('toolu_read', 'select count(*) as orders from raw.shop.orders')],
    [{ text: 'Saving.' }, sql('toolu_save', 'select order_id from raw.shop.orders order by 1 limit 3', { save_to: 'orders.csv' })],
    { text: 'Done.' },
  ]).ended;

  assert.equal(running.code, 0, running.errors.join('\n'));
  const [read] = await product.toolResults();
  assert.equal(read.isError, false, read.text);
  assert.deepEqual(JSON.parse(read.text).rows, [[1500]]);
  assert.equal(fs.readFileSync(product.file('orders.csv'), 'utf8'), 'ORDER_ID\n1\n2\n3\n');
});

test('a statement of the stdio gateway that a person rejects does not run, and the session is told why', { skip, timeout: 120_000 }, async (t) => {
  const product = await Product.start(t);
  const running = session(product, [[{ text: 'Cleaning up.' }, sql('toolu_delete', 'delete from analytics.staging.stg_orders')], { text: 'Done.' }]);
  const review = await product.waitForReview();
  assert.match(review.title, /DELETE from ANALYTICS\.STAGING\.STG_ORDERS/);
  await product.verdict(review.id, { kind: 'reject', person: 'alice', reason: 'Keep the orders.' });
  await running.ended;

  assert.match(JSON.stringify(running.events), /Keep the orders\./);
  assert.deepEqual((await product.toolResults()).filter((result) => !result.isError), []);
});
