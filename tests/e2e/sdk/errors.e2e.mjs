// What goes wrong reaches an SDK's program as that SDK's own exception, with a message a person can act on and the request's id;
// what should be tried again is, what should not is not, and a program that leaves takes the account's work with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing, Product, until } from '../harness.mjs';
import { dictate, programs, SdkProgram } from './programs.mjs';

const model = 'claude-sonnet-4-6';
const ask = (content, more = {}) => ({ model, max_tokens: 1000, messages: [{ role: 'user', content }], ...more });

/** What the account says, and what a program is told. */
const failures = [
  { scenario: '403-role', status: 403, type: 'permission_error', says: /CORTEX_USER/ },
  { scenario: '403-network', status: 403, type: 'permission_error', says: /network policy/ },
  { scenario: '394400', status: 401, type: 'authentication_error', says: /programmatic access token/ },
  { scenario: 'unknown-model', status: 404, type: 'not_found_error', says: /CORTEX_MODELS_ALLOWLIST/ },
  { scenario: 'context-exceeded', status: 400, type: 'invalid_request_error', says: /prompt is too long/ },
  { scenario: '402', status: 429, type: 'billing_error', says: /budget/, attempts: 1 },
];

for (const program of programs) {
  const skip = program.client ? missing(program.client) : false;
  test(`${program.name}: failures`, { timeout: 300_000, skip }, async (t) => {
    const product = await Product.start(t);
    const app = new SdkProgram(program, product);
    t.after(() => app.stop());
    const scenario = (name, run) => t.test(`${program.name}: ${name}`, { timeout: 60_000 }, run);
    let asked = 0;
    const failing = (name) => ask(`scenario: ${name}\nCall ${++asked}.`);
    const check = (failure, status, type) => {
      assert.deepEqual([failure.class, failure.status, failure.type], [program.errors[status], status, type], JSON.stringify(failure));
      assert.match(failure.requestId, /^msg-/);
    };
    const attempts = async (text) => (await product.accountRequests()).filter((request) => request.body.includes(text)).length;

    await scenario('a wrong token', async () => {
      const failure = await app.failure('create', ask('Hello.'), { credential: 'wrong', maxRetries: 0 });
      assert.deepEqual([failure.class, failure.status, failure.type], [program.errors[401], 401, 'authentication_error'], JSON.stringify(failure));
      assert.match(failure.message, /token/i);
    });

    for (const { scenario: name, status, type, says, attempts: expected } of failures) {
      for (const op of ['create', 'stream']) {
        await scenario(`${name}, by ${op}`, async () => {
          const params = failing(name);
          const failure = await app.failure(op, params, expected ? {} : { maxRetries: 0 });
          check(failure, status, type);
          assert.match(failure.message, says);
          if (expected) assert.equal(await attempts(params.messages[0].content.split('\n')[1]), expected, 'not tried again');
        });
      }
    }

    await scenario('a request that is too large', async () => {
      const failure = await app.failure('create', ask('x'.repeat(33 * 1024 * 1024)), { maxRetries: 0 });
      assert.deepEqual([failure.status, failure.type], [413, 'request_too_large'], JSON.stringify(failure));
      assert.match(failure.message, /32 MB/);
    });

    await scenario('throttled for good', async () => check(await app.failure('create', failing('429'), { maxRetries: 0 }), 429, 'rate_limit_error'));
    await scenario('overloaded for good', async () => check(await app.failure('stream', failing('503'), { maxRetries: 0 }), 529, 'overloaded_error'));

    await scenario('throttled for a while: the program waits as told and gets its answer', async () => {
      const { message } = await app.call('create', failing('429 x3'));
      assert.equal(message.stop_reason, 'end_turn');
      assert.equal(await attempts(`Call ${asked}.`), 4);
    });

    for (const name of ['mid-stream-error', 'mid-stream-error-snowflake', 'truncate', 'no-message-stop']) {
      await scenario(`${name}: a stream that breaks is a failure, never half an answer`, async () => {
        const failure = await app.failure('stream', ask(dictate([{ text: 'Half an answer, and more of it, and more. '.repeat(5), fault: name }])), { maxRetries: 0 });
        assert.ok(!failure.stack, `no exception of the SDK's own: ${JSON.stringify(failure)}`);
        assert.ok(failure.message.length > 10, JSON.stringify(failure));
      });
    }

    await scenario('a program that runs out of patience ends the account\'s work', async () => {
      const failure = await app.failure('stream', failing('silent'), { timeout: 1500, maxRetries: 0 });
      assert.equal(failure.class, program.errors.timeout, JSON.stringify(failure));
      await until('the account to be hung up on', async () => (await product.accountRequests()).at(-1).aborted, 5);
    });

    await scenario('a program that leaves in the middle of a stream ends the account\'s work', async () => {
      const call = app.call('stream', ask(dictate([{ text: 'It goes on and on. '.repeat(9), chunk: 5, fault: 'silent', fault_after: 12 }])), { maxRetries: 0 }, (seen) => seen === 'content_block_delta' && call.abort());
      await assert.rejects(call, (error) => error.said?.class === program.errors.abort);
      await until('the account to be hung up on', async () => (await product.accountRequests()).at(-1).aborted, 5);
    });

    await scenario('nothing was left unhandled', () => assert.deepEqual(app.unhandled, []));
  });
}
