// The gateway as the tests of this folder see it: servers behind it, clients in front of it, and the programs of other
// people that both come from (the public conformance suite, the inspector, the reference servers).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { cacheFolder, nodeOf } from '../../../scripts/lib/clients.mjs';
import { start } from '../../../scripts/lib/processes.mjs';
import { executable } from '../../../scripts/lib/repository.mjs';
import { until } from '../harness.mjs';

/** The client folder that holds the conformance suite, the inspector, the reference servers and the Node they need. */
export const acceptance = 'mcp-2026.8.31';

/** Our own server for tests: everything the conformance suite calls, and tools that misbehave on request. */
export const fixture = executable('tests/EditorBridge.McpFixture', 'editorbridge-mcp-fixture');

const version = '2026-07-28';

/** A file of a package among the acceptance programs. */
export function packaged(name) {
  return path.join(cacheFolder, acceptance, 'node_modules', name);
}

/** Runs a Node program of the acceptance folder to its end. */
export async function runNode(args, { env = {}, input } = {}) {
  const node = nodeOf(acceptance);
  const lines = { out: [], err: [] };
  const child = start(node, args, {
    input,
    env: { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}`, ...env },
    onLine: (line, stream) => lines[stream].push(line),
  });
  const { code } = await child.ended;
  return { code, out: lines.out.join('\n'), err: lines.err.join('\n') };
}

/** Puts servers behind the gateway and waits until each of them has answered or failed. Answers how they are, by name. */
export async function connect(product, servers) {
  fs.writeFileSync(path.join(product.state, 'mcp.json'), JSON.stringify({ mcpServers: servers }, null, 2), { mode: 0o600 });
  return until(`the servers ${Object.keys(servers).join(', ')}`, async () => {
    const found = await health(product);
    return Object.keys(servers).every((name) => found[name] && !['starting', 'stopped'].includes(found[name].state)) && found;
  });
}

/** How each server is, by name. */
export async function health(product) {
  return Object.fromEntries((await report(product.url, product.state)).servers.map((server) => [server.name, server]));
}

/** What the host says of its servers. */
export async function report(url, state) {
  const token = fs.readFileSync(path.join(state, 'portal.token'), 'utf8').trim();
  const response = await fetch(`${url}/bridge/mcp/servers`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(response.status, 200);
  return response.json();
}

/** A client of the newer revision, as small as one can be. */
export class ModernClient {
  #id = 0;

  /** `capabilities` is what it says it can do; `answers` answers what a server asks by its result, by method. */
  constructor(url, token, { capabilities = {}, answers = {} } = {}) {
    Object.assign(this, { url: `${url}/mcp`, token, capabilities, answers });
  }

  /** One request and its result, rounds of `input_required` included. An error of the protocol is thrown. */
  async ask(method, params = {}) {
    let result = await this.#once(method, params);
    for (let round = 0; result.resultType === 'input_required' && round < 8; round += 1) {
      const inputResponses = {};
      for (const [key, request] of Object.entries(result.inputRequests ?? {})) inputResponses[key] = this.answers[request.method](request.params);
      const { requestState } = result;
      result = await this.#once(method, { ...params, inputResponses, ...(requestState !== undefined && { requestState }) });
    }
    return result;
  }

  /** One request; what comes back as soon as its head is there. */
  send(method, params) {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': version,
      'io.modelcontextprotocol/clientInfo': { name: 'editorbridge-e2e', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': this.capabilities,
    };
    this.#id += 1;
    const name = params.name ?? params.uri;
    return fetch(this.url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': version,
        'mcp-method': method,
        ...(name !== undefined && { 'mcp-name': name }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: this.#id, method, params: { ...params, _meta: meta } }),
    });
  }

  async #once(method, params) {
    const response = await this.send(method, params);
    const text = await response.text();
    const data = text.split('\n').filter((line) => line.startsWith('data: ')).map((line) => JSON.parse(line.slice(6)));
    const answer = data.length > 0 ? data.find((message) => message.id === this.#id) : JSON.parse(text);
    if (answer.error) throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
    return answer.result;
  }
}
