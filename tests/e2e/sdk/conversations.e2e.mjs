// Other people's programs, each on an SDK of its own, talk through the real host to the sandbox account: what they send arrives,
// what the model answers comes back whole, and every message an SDK puts together is valid by that SDK's own types.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missing, Product } from '../harness.mjs';
import { assertTyped } from './own-types.mjs';
import { dictate, programs, SdkProgram } from './programs.mjs';

const model = 'claude-sonnet-4-6';
const ask = (content, more = {}) => ({ model, max_tokens: 4096, messages: [{ role: 'user', content }], ...more });
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const tools = ['Write', 'Read'].map((name) => ({ name, description: `${name} a file`, input_schema: { type: 'object', properties: { file_path: { type: 'string' }, content: { type: 'string' } } } }));

for (const program of programs) {
  const skip = program.client ? missing(program.client) : false;
  test(`${program.name}: conversations`, { timeout: 240_000, skip }, async (t) => {
    const product = await Product.start(t);
    const app = new SdkProgram(program, product);
    t.after(() => app.stop());
    const accumulated = [];
    const keep = (message) => (accumulated.push(message), message);
    const scenario = (name, run) => t.test(`${program.name}: ${name}`, run);
    const spoken = (version) => (version === program.apiVersion ? {} : { 'anthropic-version': version });
    const write = (name, content) => ({ tool: 'Write', id: `toolu_${name}`, input: { file_path: product.file(`${name}.sql`), content } });

    await scenario('a whole answer with its headers', async () => {
      const { message, headers } = await app.call('create', ask(dictate([{ text: 'Grüße 雪 😀' }])));
      assert.equal(textOf(keep(message)), 'Grüße 雪 😀');
      assert.equal(message.stop_reason, 'end_turn');
      assert.ok(message.usage.input_tokens > 0 && message.usage.output_tokens > 0, JSON.stringify(message.usage));
      assert.match(headers['request-id'], /^msg-/);
      assert.match(headers['content-type'], /^application\/json/);
    });

    await scenario('a streamed answer adds up to the same text', async () => {
      const text = 'Grüße 雪 😀 '.repeat(40);
      const { message, text: deltas, events } = await app.call('stream', ask(dictate([{ text, chunk: 5 }])));
      assert.equal(textOf(keep(message)), text);
      assert.equal(deltas, text);
      assert.deepEqual([events[0], events.at(-1)], ['message_start', 'message_stop']);
      assert.ok(message.usage.output_tokens > 0);
    });

    for (const framing of ['crlf', 'cr', 'comments', 'multi-line', 'unknown-events']) {
      await scenario(`a stream spelled with ${framing}`, async () => {
        const { message } = await app.call('stream', ask(dictate([{ blocks: [{ text: 'Grüße 雪' }, write('odd', 'select 1;\n')], framing, bytes: 3 }]), { tools }));
        assert.equal(textOf(keep(message)), 'Grüße 雪');
        assert.deepEqual(callsOf(message), [{ id: 'toolu_odd', input: { file_path: product.file('odd.sql'), content: 'select 1;\n' } }]);
      });
    }

    for (const op of ['create', 'stream']) {
      await scenario(`parallel tools and their results, by ${op}`, async () => {
        const turns = [{ blocks: [{ text: 'Both.' }, write('one', "select '\\\\ \"q\" 😀\t';\n"), write('two', 'select 2;\n')], chunk: 1, escape: true }, { text: 'All done.' }];
        const first = ask(dictate(turns), { tools });
        const { message } = await app.call(op, first);
        keep(message);
        assert.equal(message.stop_reason, 'tool_use');
        assert.deepEqual(callsOf(message).map((call) => call.input.content), ["select '\\\\ \"q\" 😀\t';\n", 'select 2;\n']);

        const results = callsOf(message).map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: [{ type: 'text', text: 'written' }] })).reverse();
        const next = await app.call(op, { ...first, messages: [...first.messages, { role: 'assistant', content: message.content }, { role: 'user', content: results }] });
        assert.equal(textOf(keep(next.message)), 'All done.');
      });
    }

    await scenario('a tool call without input', async () => {
      const { message } = await app.call('stream', ask(dictate([[{ tool: 'Read', id: 'toolu_none', input: {} }]]), { tools }));
      assert.deepEqual(callsOf(keep(message)), [{ id: 'toolu_none', input: {} }]);
    });

    if (!program.lacks.has('thinking')) {
      for (const op of ['create', 'stream']) {
        await scenario(`thinking goes there and back with its signature, by ${op}`, async () => {
          const thinking = { type: 'enabled', budget_tokens: 2048 };
          const redacted = op === 'stream' && program.lacks.has('redacted') ? [] : [{ redacted: 'c2VjcmV0' }];
          const turns = [[{ thinking: 'First the “façade”.' }, ...redacted, { text: 'Writing.' }, write('thought', 'select 3;\n')], { text: 'Thought through.' }];
          const first = ask(dictate(turns), { tools, thinking });
          const { message } = await app.call(op, first);
          keep(message);
          assert.deepEqual(message.content.map((block) => block.type), ['thinking', ...redacted.map(() => 'redacted_thinking'), 'text', 'tool_use']);
          assert.equal(message.content[0].thinking, 'First the “façade”.');
          assert.ok(message.content[0].signature.length > 10);

          const result = { type: 'tool_result', tool_use_id: 'toolu_thought', content: 'written' };
          const next = await app.call(op, { ...first, messages: [...first.messages, { role: 'assistant', content: message.content }, { role: 'user', content: [result] }] });
          assert.equal(textOf(keep(next.message)), 'Thought through.');
          const sent = (await product.modelRequests()).at(-1).messages[1].content;
          assert.deepEqual(sent.slice(0, -2), message.content.slice(0, -2), 'the account got the thinking as it gave it');
        });
      }
    }

    await scenario('an image reaches the model', async () => {
      const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } };
      const { message } = await app.call('create', ask([image, { type: 'text', text: dictate([{ text: 'A pixel.' }]) }]));
      assert.equal(textOf(keep(message)), 'A pixel.');
      assert.deepEqual((await product.modelRequests()).at(-1).messages[0].content[0], image);
    });

    await scenario('a document of text becomes text; a PDF is left out, which the model and the program are told', async () => {
      const document = (source) => ask([{ type: 'document', source }, { type: 'text', text: dictate([{ text: 'Read.' }]) }]);
      const plain = await app.call('create', document({ type: 'text', media_type: 'text/plain', data: 'the plan' }));
      assert.equal(textOf(keep(plain.message)), 'Read.');
      assert.match(JSON.stringify((await product.modelRequests()).at(-1).messages[0].content), /the plan/);

      const pdf = await app.call('create', document({ type: 'base64', media_type: 'application/pdf', data: 'JVBERi0xLjQK' }));
      keep(pdf.message);
      assert.match(pdf.headers['x-editorbridge-changed'], /Document=document/);
      assert.match(JSON.stringify((await product.modelRequests()).at(-1).messages[0].content), /was left out: the account takes no PDFs/);
    });

    await scenario('a system message between the turns is understood', async () => {
      const { message } = await app.call('create', {
        ...ask('Hello.'),
        system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
        messages: [{ role: 'user', content: dictate([{ text: 'Understood.' }]) }, { role: 'system', content: [{ type: 'text', text: 'The branch is main.' }] }],
      });
      assert.equal(textOf(keep(message)), 'Understood.');
      const sent = (await product.modelRequests()).at(-1);
      assert.match(JSON.stringify(sent.messages), /The branch is main\./);
      assert.deepEqual(sent.messages.map((each) => each.role), ['user']);
    });

    // The C# SDK adds its own version whatever else is asked for.
    const versions = program.language === 'typescript' ? ['2023-06-01', '2026-10-21'] : [program.apiVersion];
    for (const version of versions) {
      for (const credential of ['key', 'bearer']) {
        await scenario(`anthropic-version ${version} with the credential as ${credential}`, async () => {
          const options = { credential, headers: { ...spoken(version), 'anthropic-beta': 'made-up-2031-01-01,context-management-2025-06-27' } };
          const { message } = await app.call('stream', ask(dictate([{ text: 'Hello.' }])), options);
          assert.equal(textOf(keep(message)), 'Hello.');
          const { headers } = (await product.accountRequests()).at(-1);
          assert.equal(headers['anthropic-version'], '2023-06-01', 'the account knows one version');
          assert.doesNotMatch(headers['anthropic-beta'] ?? '', /made-up/);
        });
      }
    }

    for (const version of versions) {
      await scenario(`temperature with anthropic-version ${version}`, async () => {
        const params = ask(dictate([{ text: 'Warm.' }]), { temperature: 0.5 });
        if (version === '2023-06-01') {
          const { message } = await app.call('create', params, { headers: spoken(version) });
          assert.equal(textOf(keep(message)), 'Warm.');
          assert.equal((await product.modelRequests()).at(-1).temperature, 0.5);
        } else {
          const refused = await app.failure('create', params, { headers: spoken(version) });
          assert.equal(refused.status, 400);
          assert.match(refused.message, /temperature/);
        }
      });
    }

    if (!program.lacks.has('count')) {
      await scenario('count_tokens counts', async () => {
        const short = await app.call('count', { model, messages: [{ role: 'user', content: 'Hello.' }] });
        const long = await app.call('count', { model, messages: [{ role: 'user', content: 'Hello. '.repeat(400) }], tools });
        assert.ok(short.tokens > 0 && long.tokens > short.tokens * 20, `${short.tokens}, ${long.tokens}`);
      });
    }

    if (!program.lacks.has('models')) {
      await scenario('the models in pages, and one of them', async () => {
        const { models } = await app.call('models', { limit: 3 });
        const ids = models.map((each) => each.id);
        assert.ok(ids.includes(model), ids.join());
        assert.equal(new Set(ids).size, ids.length);
        assert.deepEqual((await app.call('models', {})).models.map((each) => each.id), ids, 'pages of three hold what one page holds');
        assert.equal((await app.call('model', { id: model })).model.id, model);
        assert.equal((await app.failure('model', { id: 'claude-of-nowhere' }, { maxRetries: 0 })).status, 404);
      });
    }

    await scenario('every message it put together is valid by its own types', async () => {
      assert.ok(accumulated.length >= 15);
      assert.deepEqual(app.unhandled, []);
      // The C# SDK checks a message itself, by Validate, before the program hands it over.
      if (program.language === 'typescript') await assertTyped(program, accumulated);
    });
  });
}

test('a PDF is refused where the settings say so, and nothing is sent', { timeout: 60_000, skip: missing('anthropic-sdk-1.12.0') }, async (t) => {
  const product = await Product.start(t, { settings: { documents: 'refuse' } });
  const app = new SdkProgram(programs.find((each) => each.version === '1.12.0'), product);
  t.after(() => app.stop());
  const pdf = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0xLjQK' } };

  const refused = await app.failure('create', ask([pdf, { type: 'text', text: 'Read it.' }]));

  assert.deepEqual([refused.class, refused.status, refused.type], ['BadRequestError', 400, 'invalid_request_error']);
  assert.match(refused.message, /takes no documents.*Send its text.*nothing was sent/s);
  assert.deepEqual(await product.modelRequests(), []);
});

const textOf = (message) => message.content.filter((block) => block.type === 'text').map((block) => block.text).join('');
const callsOf = (message) => message.content.filter((block) => block.type === 'tool_use').map(({ id, input }) => ({ id, input }));
