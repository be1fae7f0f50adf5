// Runs one governed session inside a network namespace that has nothing but loopback, where a name server of our own
// notes every name anybody looks up. Prints one line of JSON. Started by egress.e2e.mjs through `unshare --net`.
import { execFileSync } from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns/promises';
import fs from 'node:fs';
import { Product } from '../harness.mjs';

const [version, door] = process.argv.slice(2);
const control = 'this-lookup-proves-the-name-server-listens.test';
const nameServer = /^nameserver\s+(\S+)/m.exec(fs.readFileSync('/etc/resolv.conf', 'utf8'))?.[1] ?? '127.0.0.1';

execFileSync('ip', ['link', 'set', 'lo', 'up']);
if (!nameServer.startsWith('127.')) execFileSync('ip', ['address', 'add', `${nameServer}/32`, 'dev', 'lo']);
const asked = new Set();
const server = dgram.createSocket('udp4');
server.on('message', (query, from) => {
  asked.add(nameIn(query));
  const answer = Buffer.from(query);
  answer.writeUInt16BE(0x8183, 2); // a response: no such name
  server.send(answer, from.port, from.address);
});
await new Promise((resolve) => server.bind(53, nameServer, resolve));
await dns.resolve4(control).catch(() => {});

const ends = [];
const product = await Product.start({ after: (end) => ends.push(end), diagnostic: () => {} });
const turns = [[{ text: 'Writing.' }, { tool: 'Write', input: { file_path: product.file('a.sql'), content: 'select 1;\n' } }], { text: 'Done.' }];
const session = await product.claude({ version, door, turns }).ended;
const written = fs.existsSync(product.file('a.sql'));
for (const end of ends) await end();
server.close();
process.stdout.write(`${JSON.stringify({ code: session.code, written, controlSeen: asked.delete(control), asked: [...asked] })}\n`);

/** The name in a DNS query: length-prefixed labels after the twelve bytes of header. */
function nameIn(query) {
  const labels = [];
  for (let at = 12; at < query.length && query[at] !== 0; at += query[at] + 1) labels.push(query.toString('ascii', at + 1, at + 1 + query[at]));
  return labels.join('.');
}
