// Other people's programs on both sides of the gateway: the inspector as a client in both revisions, and the reference
// servers behind it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { nodeOf } from '../../../scripts/lib/clients.mjs';
import { missing, Product, until } from '../harness.mjs';
import { doorman } from './doorman.mjs';
import { acceptance, connect, fixture, health, ModernClient, packaged, runNode } from './gateway.mjs';

const skip = missing(acceptance);
const server = (name, ...args) => ({ command: nodeOf(acceptance), args: [packaged(`@modelcontextprotocol/server-${name}/dist/index.js`), ...args] });

test('the inspector lists and calls through the gateway in both revisions, and is told of a refusal', { skip, timeout: 180_000 }, async (t) => {
  const product = await Product.start(t);
  await connect(product, { fix: { command: fixture, readOnlyTools: ['echo.back'] } });
  const url = await doorman(t, `${product.url}/mcp`, product.token('mcp'));
  for (const protocolEra of ['legacy', 'modern']) {
    const config = path.join(product.folder, `${protocolEra}.json`);
    fs.writeFileSync(config, JSON.stringify({ mcpServers: { gateway: { type: 'streamable-http', url, protocolEra } } }));
    const inspect = (...args) => runNode([packaged('@modelcontextprotocol/inspector/clients/launcher/build/index.js'), '--cli', '--config', config, '--server', 'gateway', ...args], { env: { MCP_INSPECTOR_SECRET_STORE: 'memory', HOME: product.home } });

    const listed = await inspect('--method', 'tools/list', '--format', 'json');
    assert.equal(listed.code, 0, listed.err);
    assert.match(listed.out, /"execute_sql"/);
    assert.match(listed.out, /"fix__echo_back"/);
    const called = await inspect('--method', 'tools/call', '--tool-name', 'fix__echo_back', '--tool-arg', 'text=hello', '--format', 'json');
    assert.equal(called.code, 0, called.err);
    assert.match(called.out, /hello/);

    const refused = inspect('--method', 'tools/call', '--tool-name', 'fix__announce_resource', '--format', 'json');
    const review = await product.waitForReview();
    await product.verdict(review.id, { kind: 'reject', person: 'alice', reason: 'Not now.' });
    const result = await refused;
    assert.equal(result.code, 5, result.out);
    assert.match(result.out + result.err, /Not now\./);
  }
});

test('fetch has the head of a held call before the verdict, and the SDKs for TypeScript make no message of the comments that follow', { skip, timeout: 120_000 }, async (t) => {
  const product = await Product.start(t);
  const token = product.token('mcp');
  const errors = [];
  const connected = async (version, { Client, StreamableHTTPClientTransport }) => {
    const client = new Client({ name: `sdk-${version}`, version });
    client.onerror = (error) => errors.push(`${version}: ${error.message}`);
    await client.connect(new StreamableHTTPClientTransport(new URL(`${product.url}/mcp`), { requestInit: { headers: { authorization: `Bearer ${token}` } } }));
    t.after(() => client.close());
    return client;
  };
  const first = '@modelcontextprotocol/sdk/dist/esm/client';
  const clients = [
    await connected('1', { ...(await import(packaged(`${first}/index.js`))), ...(await import(packaged(`${first}/streamableHttp.js`))) }),
    await connected('2', await import(packaged('@modelcontextprotocol/client/dist/index.mjs'))),
  ];
  const call = (order) => ({ name: 'execute_sql', arguments: { sql: `delete from analytics.staging.stg_orders where order_id = ${order}` } });
  const results = clients.map((client, order) => client.callTool(call(order)));
  await product.waitForReviews(clients.length);

  const held = await new ModernClient(product.url, token).send('tools/call', call(clients.length));
  const reviews = await product.reviews();
  assert.deepEqual([held.status, held.headers.get('content-type'), reviews.length], [200, 'text/event-stream', clients.length + 1]);
  for (const { id } of reviews) await product.verdict(id, { kind: 'reject', person: 'alice', reason: 'Not now.' });

  assert.match(await held.text(), /^(: keep-alive\n\n)+event: message\ndata: .*Not now\..*\n\n$/);
  for (const result of await Promise.all(results)) assert.match(JSON.stringify(result), /"isError":true.*Not now\.|Not now\..*"isError":true/);
  assert.deepEqual(errors, []);
});

test('the reference servers work behind the gateway with nothing blocked, and one that dies hides nothing of the others', { skip, timeout: 180_000 }, async (t) => {
  const product = await Product.start(t);
  fs.writeFileSync(product.file('notes.txt'), 'kept here\n');
  const servers = {
    everything: { ...server('everything'), readOnlyTools: ['echo', 'get-sum'] },
    files: { ...server('filesystem', product.workspace), readOnlyTools: ['read_text_file'] },
    memory: { ...server('memory'), env: { MEMORY_FILE_PATH: path.join(product.folder, 'memory.json') }, readOnlyTools: ['read_graph'] },
  };
  const found = await connect(product, servers);
  assert.deepEqual(Object.values(found).map(({ name, state, lastError }) => [name, state, lastError]), Object.keys(servers).map((name) => [name, 'ready', undefined]));

  const client = new ModernClient(product.url, product.token('mcp'));
  const names = (await client.ask('tools/list')).tools.map((tool) => tool.name);
  for (const [name, { tools }] of Object.entries(found)) {
    assert.equal(names.filter((each) => each.startsWith(`${name}__`)).length, tools, `no tool of ${name} is held back`);
  }
  const text = async (name, args) => (await client.ask('tools/call', { name, arguments: args })).content[0].text;
  assert.match(await text('everything__echo', { message: 'hello' }), /hello/);
  assert.match(await text('files__read_text_file', { path: product.file('notes.txt') }), /kept here/);
  assert.match(await text('files__read_text_file', { path: '/etc/passwd' }), /denied|outside/i);
  assert.match(await text('memory__read_graph', {}), /entities/);

  // A write waits for a person, and runs once approved.
  const writing = text('files__write_file', { path: product.file('new.txt'), content: 'written' });
  const review = await product.waitForReview();
  assert.equal(fs.existsSync(product.file('new.txt')), false);
  await product.verdict(review.id, { kind: 'approve', person: 'alice' });
  await writing;
  assert.equal(fs.readFileSync(product.file('new.txt'), 'utf8'), 'written');

  const { processId } = (await health(product)).memory;
  process.kill(processId, 'SIGKILL');
  assert.match(await text('everything__echo', { message: 'still here' }), /still here/);
  await until('memory to be started again', async () => {
    const { memory } = await health(product);
    return memory.state === 'ready' && memory.processId !== processId;
  });
  assert.match(await text('memory__read_graph', {}), /entities/);
});

test('mcp add, list, test and remove work against the running host', { skip, timeout: 120_000 }, async (t) => {
  const product = await Product.start(t);
  const secret = 'only-in-its-file';
  const add = await product.cli(['mcp', 'add', 'fix', '--yes', '--no-test', '--secret-env', 'FIX_SECRET', '--', fixture], { input: `${secret}\n` });
  assert.equal(add.code, 0, add.err);
  await until('the host to take it', async () => (await health(product)).fix?.state === 'ready');

  const list = await product.cli(['mcp', 'list']);
  assert.equal(list.code, 0, list.err);
  assert.match(list.out, /ready +fix +\d+ tools/);
  const tried = await product.cli(['mcp', 'test', 'fix']);
  assert.equal(tried.code, 0, tried.err);
  assert.match(tried.out, /ok +fix: editorbridge-mcp-fixture/);
  const broken = await product.cli(['mcp', 'add', 'gone', '--yes', '--no-test', '--', '/nowhere/at/all']);
  assert.equal(broken.code, 0, broken.err);
  await until('the host to try it', async () => (await health(product)).gone?.state === 'waiting');
  const withBroken = await product.cli(['mcp', 'list']);
  assert.equal(withBroken.code, 1);
  assert.match(withBroken.out, /FAILED +gone[^]*'\/nowhere\/at\/all' does not exist[^]*ready +fix|ready +fix[^]*FAILED +gone[^]*'\/nowhere\/at\/all' does not exist/);

  for (const name of ['fix', 'gone']) assert.equal((await product.cli(['mcp', 'remove', name])).code, 0);
  await until('the host to end them', async () => Object.keys(await health(product)).length === 0);
  assert.deepEqual(fs.readdirSync(path.join(product.state, 'mcp-secrets')), []);
  assert.doesNotMatch([add, list, tried, broken, withBroken].map(({ out, err }) => out + err).join(''), new RegExp(secret));
  assert.doesNotMatch(product.log(), new RegExp(secret));
});
