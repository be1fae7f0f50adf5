// A client that loses its stream while a person decides: its own fallback asks again without a stream, and the answer
// that is there comes back. The model is asked once and so is the person.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { test } from 'node:test';
import { missing, Product, until } from '../harness.mjs';

for (const version of ['2.1.330', '2.1.112']) {
  test(`Claude Code ${version} whose stream came to nothing falls back and gets the answer that waits`, { timeout: 120_000, skip: missing(`claude-code-${version}`) }, async (t) => {
    const product = await Product.start(t);
    const asked = [];
    const relay = await emptyFirstAnswer(product, asked);
    t.after(() => relay.close());
    const turns = [[{ tool: 'Write', input: { file_path: product.file('cleanup.sql'), content: 'drop table raw.shop.orders;\n' } }], { text: 'Done.' }];
    const session = product.claude({ version, door: 'stream', turns, env: { ANTHROPIC_BASE_URL: `http://127.0.0.1:${relay.address().port}` } });

    const review = await product.waitForReview();
    await until('the fallback', () => asked.filter((body) => body.stream !== true).length > 0);
    assert.deepEqual((await product.reviews()).map((open) => open.id), [review.id]);
    await product.verdict(review.id, { kind: 'approve', person: 'alice', reason: 'Agreed.' });
    await session.ended;

    assert.equal(session.code, 0, session.errors.join('\n'));
    assert.equal(fs.readFileSync(product.file('cleanup.sql'), 'utf8'), 'drop table raw.shop.orders;\n');
    const firstTurns = (await product.modelRequests()).filter(({ messages, tools }) => tools?.length > 0 && !messages.some(({ role }) => role === 'assistant'));
    assert.equal(firstTurns.length, 1);
  });

  test(`Claude Code ${version} whose host was killed before anything was shown asks again and gets the answer that waits`, { timeout: 120_000, skip: missing(`claude-code-${version}`) }, async (t) => {
    const product = await Product.start(t);
    const turns = [[{ tool: 'Write', input: { file_path: product.file('cleanup.sql'), content: 'drop table raw.shop.orders;\n' } }], { text: 'Done.' }];
    const session = product.claude({ version, door: 'stream', turns });

    const review = await product.waitForReview();
    await until('the answer on disk', () => fs.existsSync(`${product.state}/held`) && fs.readdirSync(`${product.state}/held`).length > 0);
    await product.killHost();
    await product.startHost();
    await product.verdict(review.id, { kind: 'approve', person: 'alice', reason: 'Agreed.' });
    await session.ended;

    assert.equal(session.code, 0, session.errors.join('\n'));
    assert.equal(fs.readFileSync(product.file('cleanup.sql'), 'utf8'), 'drop table raw.shop.orders;\n');
    const firstTurns = (await product.modelRequests()).filter(({ messages, tools }) => tools?.length > 0 && !messages.some(({ role }) => role === 'assistant'));
    assert.equal(firstTurns.length, 1);
  });
}

/** A middlebox that gives the first answer's head and nothing of its body, and passes everything else. */
function emptyFirstAnswer(product, asked) {
  const relay = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const text = Buffer.concat(chunks);
      const isMain = request.method === 'POST' && request.url.startsWith('/v1/messages?') && JSON.parse(text).tools?.length > 0;
      const first = isMain && asked.length === 0;
      if (isMain) asked.push(JSON.parse(text));
      const passed = http.request(`${product.url}${request.url}`, { method: request.method, headers: { ...request.headers, host: new URL(product.url).host } }, (answer) => {
        if (first) return;
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      passed.on('error', () => response.destroy());
      response.on('close', () => passed.destroy());
      passed.end(text);
      if (!first) return;
      await product.waitForReview();
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.end();
    });
  });
  return new Promise((resolve) => relay.listen(0, '127.0.0.1', () => resolve(relay)));
}
