// The client the public conformance suite tests: the real gateway, with the suite's server behind it. The suite starts this
// program once for each scenario, with the server's address as last argument. What it does is what a person and an agent
// would do: add the server, sign in when the gateway says so, list, call.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { ModernClient, report } from './gateway.mjs';

const { EB_HOST: host, EB_STATE: state, EB_URL: url, MCP_CONFORMANCE_SCENARIO: scenario } = process.env;
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT || '{}');
const name = `c${process.pid}`;
const file = path.join(state, 'mcp.json');
const mostSignIns = 3;

/** Several scenarios run at once and share the gateway: one at a time changes its configuration. */
async function configure(change) {
  const lock = `${file}.lock`;
  for (;;) {
    try {
      fs.mkdirSync(lock);
      break;
    } catch {
      await pause(20);
    }
  }
  try {
    const configuration = JSON.parse(fs.readFileSync(file, 'utf8'));
    change(configuration.mcpServers);
    fs.writeFileSync(`${file}.new`, JSON.stringify(configuration), { mode: 0o600 });
    fs.renameSync(`${file}.new`, file);
  } finally {
    fs.rmdirSync(lock);
  }
}

function settings(address) {
  const oauth = { clientMetadataUrl: 'https://conformance-test.local/client-metadata.json' };
  if (context.client_id) {
    const secret = path.join(state, `${name}.secret`);
    fs.writeFileSync(secret, context.client_secret, { mode: 0o600 });
    Object.assign(oauth, { clientId: context.client_id, clientSecret: `\${file:${secret}}` });
  }
  return { type: 'http', url: address, oauth, trusted: true, allow: ['elicitation', 'sampling', 'roots'], readOnlyTools };
}

const readOnlyTools = [
  'add_numbers', 'test-tool', 'test_headers', 'test_custom_headers', 'test_custom_headers_null', 'valid_tool',
  'test_mrtr_echo_state', 'test_mrtr_unrelated', 'test_mrtr_no_state', 'test_mrtr_no_result_type', 'test_client_elicitation_defaults',
  ...(context.toolCalls ?? []).map((call) => call.name),
];

/** Waits until the server has answered or wants something, and says how it is. */
async function settled(beside) {
  for (;;) {
    const server = (await report(url, state)).servers.find((each) => each.name === name);
    if (server && !['starting', 'stopped', beside].includes(server.state)) return server;
    await pause(50);
  }
}

/** `editorbridge mcp login`, with a browser that agrees to everything. False when it was refused. */
async function signIn() {
  const child = spawn(host, ['mcp', 'login', name, '--no-browser', '--state', state], { stdio: ['ignore', 'pipe', 'inherit'] });
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    process.stderr.write(`${line}\n`);
    if (line.startsWith('http')) fetch(line, { redirect: 'follow' }).then((page) => page.text()).catch((error) => process.stderr.write(`browser: ${error}\n`));
  });
  return (await new Promise((resolve) => child.on('close', resolve))) === 0;
}

const client = new ModernClient(url, fs.readFileSync(path.join(state, 'clients', 'mcp.token'), 'utf8').trim(), {
  capabilities: { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} },
  answers: { 'elicitation/create': () => ({ action: 'accept', content: {} }) },
});

const call = (tool, args = {}) => client.ask('tools/call', { name: `${name}__${tool.replaceAll('.', '_')}`, arguments: args });

/** A call that a permission is lacking for: sign in for it, and try again, but not for ever. */
async function callSigningIn(tool, args) {
  for (let signIns = 0; ; signIns += 1) {
    const result = await call(tool, args).catch((error) => ({ isError: true, content: [{ text: error.message }] }));
    if (!result.isError || !/mcp login/.test(JSON.stringify(result.content)) || signIns === mostSignIns) return result;
    process.stderr.write(`${JSON.stringify(result.content)}\n`);
    const before = (await settled()).since;
    if (!(await signIn())) return result;
    while ((await settled()).since === before) await pause(50);
  }
}

/** What an agent does with the server, by scenario; in the others it only lists. */
const work = {
  tools_call: () => callSigningIn('add_numbers', { a: 5, b: 10 }),
  'auth/scope-step-up': () => callSigningIn('test-tool', { foo: 'bar' }),
  'auth/scope-retry-limit': () => callSigningIn('test-tool', { foo: 'bar' }),
  'http-invalid-tool-headers': () => call('valid_tool', { region: 'us-east1' }),
  'http-custom-headers': async () => {
    for (const each of context.toolCalls ?? [context.toolCall]) await call(each.name, each.arguments);
  },
  'http-standard-headers': async () => {
    await call('test_headers');
    for (const prompt of (await client.ask('prompts/list')).prompts) await client.ask('prompts/get', { name: prompt.name }).catch(() => {});
    for (const resource of (await client.ask('resources/list')).resources) await client.ask('resources/read', { uri: resource.uri }).catch(() => {});
  },
  'sep-2322-client-request-state': async () => {
    for (const tool of ['test_mrtr_echo_state', 'test_mrtr_unrelated', 'test_mrtr_no_state', 'test_mrtr_no_result_type']) await call(tool);
  },
};

const address = process.argv.at(-1);
await configure((servers) => Object.assign(servers, { [name]: settings(address) }));
try {
  let server = await settled();
  for (let signIns = 0; server.state === 'signInNeeded' && signIns < mostSignIns; signIns += 1) {
    if (!(await signIn())) break;
    server = await settled('signInNeeded');
  }
  process.stderr.write(`${scenario}: ${server.state} ${server.lastError ?? ''}\n`);
  if (server.state === 'ready') {
    await client.ask('tools/list');
    const result = await work[scenario]?.();
    if (result) process.stderr.write(`${JSON.stringify(result)}\n`);
  }
  // A sign-in that had to be refused, and a server that could not be used, are what several scenarios want to see.
  process.exitCode = server.state === 'ready' || scenario.startsWith('auth/') ? 0 : 1;
} finally {
  await configure((servers) => delete servers[name]);
}
