// A program that uses Anthropic's own TypeScript SDK the way applications do, told what to do by lines of JSON on standard input.
// The same lines drive the C# program beside it (tests/EditorBridge.Compatibility), so both are held to the same answers.
//
//   node typescript-client.mjs FILE-OF-THE-SDK
//   in   {"id":1,"op":"stream","params":{…},"options":{"credential":"key","headers":{},"maxRetries":0,"timeout":5000}}
//   out  {"id":1,"seen":"text"}            while it runs, once for each kind of thing the accumulator told
//        {"id":1,"result":{…}}             or {"id":1,"error":{"class":…,"status":…,"type":…,"message":…,"requestId":…}}
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

const { default: Anthropic } = await import(pathToFileURL(process.argv[2]));
const { EB_URL: baseURL, EB_TOKEN: token } = process.env;
const running = new Map();

const clients = {
  key: new Anthropic({ baseURL, apiKey: token, authToken: null }),
  bearer: new Anthropic({ baseURL, apiKey: null, authToken: token }),
  wrong: new Anthropic({ baseURL, apiKey: 'wrong', authToken: null }),
};

const operations = {
  async create({ client, params, options }) {
    const { data, response } = await client.messages.create(params, options).withResponse();
    return { message: data, headers: headersOf(response) };
  },

  async stream({ client, params, options, saw }) {
    const stream = client.messages.stream(params, options);
    const seen = { events: [], text: '', inputs: [], thinking: '' };
    stream.on('streamEvent', (event) => {
      seen.events.push(event.type);
      saw(event.type === 'content_block_start' ? `start:${event.content_block.type}` : event.type);
    });
    stream.on('text', (delta) => {
      seen.text += delta;
    });
    stream.on('inputJson', (_, snapshot) => seen.inputs.push(structuredClone(snapshot ?? null)));
    stream.on('thinking', (delta) => {
      seen.thinking += delta;
    });
    const message = await stream.finalMessage();
    return { message, ...seen };
  },

  /** The stream without an accumulator: what a program sees that reads the events itself. */
  async events({ client, params, options }) {
    const events = [];
    for await (const event of await client.messages.create({ ...params, stream: true }, options)) events.push(event);
    return { events };
  },

  async count({ client, params, options }) {
    const counting = client.messages.countTokens ? client.messages : client.beta.messages;
    return { tokens: (await counting.countTokens(params, options)).input_tokens };
  },

  async models({ client, params, options }) {
    const models = [];
    for await (const model of client.models.list(params, options)) models.push(model);
    return { models };
  },

  async model({ client, params, options }) {
    return { model: await client.models.retrieve(params.id, {}, options) };
  },
};

function headersOf(response) {
  return Object.fromEntries([...response.headers].map(([name, value]) => [name.toLowerCase(), value]));
}

function failure(error) {
  const headers = error.headers instanceof Headers ? Object.fromEntries(error.headers) : (error.headers ?? {});
  return {
    class: error.constructor.name,
    isApiError: error instanceof Anthropic.APIError,
    status: error.status ?? null,
    type: error.error?.error?.type ?? null,
    message: error.message,
    requestId: error.requestID ?? error.request_id ?? headers['request-id'] ?? null,
    stack: error instanceof Anthropic.AnthropicError ? undefined : error.stack,
  };
}

async function run({ id, op, params, options: { credential = 'key', ...options } = {} }) {
  const control = new AbortController();
  running.set(id, control);
  const told = new Set();
  const saw = (what) => {
    if (told.has(what)) return;
    told.add(what);
    say({ id, seen: what });
  };
  try {
    say({ id, result: await operations[op]({ client: clients[credential], params, options: { ...options, signal: control.signal }, saw }) });
  } catch (error) {
    say({ id, error: failure(error) });
  } finally {
    running.delete(id);
  }
}

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
process.on('unhandledRejection', (error) => say({ unhandled: String(error?.stack ?? error) }));

for await (const line of readline.createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.op === 'abort') running.get(request.params.id)?.abort();
  else void run(request);
}
