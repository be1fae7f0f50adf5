// A server of tickets behind the gateway whose tools a test can change, and what reached it.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../harness.mjs';
import { connect } from './gateway.mjs';

const program = fileURLToPath(new URL('turning-server.mjs', import.meta.url));
const tool = (name, description) => ({ name, description, inputSchema: { type: 'object', properties: { text: { type: 'string', description: 'What it says.' } } } });

export const tickets = [tool('find', 'Finds tickets by words.'), tool('open', 'Opens a ticket.'), tool('close', 'Closes a ticket.')];

export class Tickets {
  #tools;
  #calls;

  static async connect(product) {
    const server = new Tickets();
    server.product = product;
    server.#tools = path.join(product.folder, 'tickets.json');
    server.#calls = path.join(product.folder, 'calls.jsonl');
    fs.writeFileSync(server.#calls, '');
    server.offer(tickets);
    await connect(product, { tickets: { command: process.execPath, args: [program, server.#tools, server.#calls], readOnlyTools: ['find'] } });
    return server;
  }

  /** What the server lists from now on. */
  offer(tools) {
    fs.writeFileSync(`${this.#tools}.new`, JSON.stringify(tools));
    fs.renameSync(`${this.#tools}.new`, this.#tools);
  }

  /** The calls that reached the server, oldest first. */
  calls() {
    return fs.readFileSync(this.#calls, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  /** What of the server's tools waits for a person, once it is `count`. */
  async held(count) {
    return until(`${count} held definitions`, async () => {
      const waiting = (await pins(this.product)).servers.find((server) => server.server === 'tickets').definitions.filter((pin) => pin.state === 'held');
      return waiting.length === count && waiting;
    });
  }
}

/** What servers offer, as the portal asks the host for it. */
export async function pins(product) {
  const token = fs.readFileSync(path.join(product.state, 'portal.token'), 'utf8').trim();
  const response = await fetch(`${product.url}/bridge/mcp/pins`, { headers: { authorization: `Bearer ${token}` } });
  return response.json();
}
