// A small MCP server on stdio that changes its mind: its tools stand in a file, which it reads anew whenever it changes.
// It writes down every call that reaches it. Arguments: the file of its tools, the file of its calls.
import fs from 'node:fs';
import readline from 'node:readline';

const [toolsFile, callsFile] = process.argv.slice(2);
const tools = () => JSON.parse(fs.readFileSync(toolsFile, 'utf8'));
const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);

const answers = {
  initialize: () => ({ protocolVersion: '2025-11-25', capabilities: { tools: { listChanged: true } }, serverInfo: { name: 'turning', version: '1' }, instructions: 'Keeps tickets.' }),
  ping: () => ({}),
  'tools/list': () => ({ tools: tools() }),
  'tools/call': ({ name, arguments: given }) => {
    fs.appendFileSync(callsFile, `${JSON.stringify({ name, given })}\n`);
    return { content: [{ type: 'text', text: `${name}: ${JSON.stringify(given ?? {})}` }] };
  },
};

fs.watchFile(toolsFile, { interval: 100 }, () => send({ method: 'notifications/tools/list_changed' }));
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (answers[method]) send({ id, result: answers[method](params ?? {}) });
  else send({ id, error: { code: -32601, message: `No method ${method}` } });
}).on('close', () => process.exit(0));
