// The programs that stand for other people's applications: one for each SDK and version, all driven by the same lines of JSON.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { locate } from '../../../scripts/lib/clients.mjs';
import { executable } from '../../../scripts/lib/repository.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

/** How an SDK calls its errors, by what went wrong. */
const typescriptErrors = {
  400: 'BadRequestError', 401: 'AuthenticationError', 403: 'PermissionDeniedError', 404: 'NotFoundError', 413: 'APIError', 429: 'RateLimitError',
  500: 'InternalServerError', 502: 'InternalServerError', 529: 'InternalServerError', stream: 'APIError', timeout: 'APIConnectionTimeoutError', abort: 'APIUserAbortError',
};
const csharpErrors = {
  400: 'AnthropicBadRequestException', 401: 'AnthropicUnauthorizedException', 403: 'AnthropicForbiddenException', 404: 'AnthropicNotFoundException', 413: 'Anthropic4xxException',
  429: 'AnthropicRateLimitException', 500: 'Anthropic5xxException', 502: 'Anthropic5xxException', 529: 'Anthropic5xxException',
  stream: 'AnthropicSseException', timeout: 'TaskCanceledException', abort: 'TaskCanceledException',
};

const typescript = (version, lacks = []) => ({
  name: `@anthropic-ai/sdk ${version}`,
  client: `anthropic-sdk-${version}`,
  language: 'typescript',
  version,
  apiVersion: version.startsWith('0.') ? '2023-06-01' : '2026-10-21',
  lacks: new Set(lacks),
  errors: { ...typescriptErrors, ...(!version.startsWith('0.') && { 529: 'OverloadedError' }) },
  command: () => [process.execPath, path.join(here, 'typescript-client.mjs'), locate(`anthropic-sdk-${version}`)],
});

const csharp = (major, lacks = []) => ({
  name: `NuGet Anthropic ${major}`,
  language: 'csharp',
  version: `${major}`,
  apiVersion: major < 13 ? '2023-06-01' : '2026-10-21',
  lacks: new Set(lacks),
  errors: { ...csharpErrors, ...(major >= 13 && { 529: 'AnthropicOverloadedException' }) },
  command: () => [executable(`tests/EditorBridge.Compatibility/Anthropic${major}`, `anthropic-${major}-client`)],
});

/** `lacks` names what a version does not know yet: it is held to everything else. */
export const programs = [
  typescript('0.27.3', ['thinking', 'models', 'count']),
  typescript('0.39.0'),
  typescript('0.71.2'),
  typescript('1.12.0'),
  csharp(12, ['redacted']), // its accumulator fails on a block that has no deltas
  csharp(13),
];

/** One running program. `call` answers its result, or throws an SdkFailure that holds what the SDK threw. */
export class SdkProgram {
  #child;
  #waiting = new Map();
  #next = 1;
  #errors = [];
  unhandled = [];

  constructor(program, product) {
    this.program = program;
    const [command, ...args] = program.command();
    assert.ok(fs.existsSync(command), `${command} is not there: npm test builds and fetches it`);
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: product.environment({ EB_URL: product.url, EB_TOKEN: product.token('claude') }) });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => this.#errors.push(text));
    this.#child.stdin.on('error', () => {}); // it may have ended; the calls that wait are told by 'close'
    readline.createInterface({ input: this.#child.stdout }).on('line', (line) => this.#take(JSON.parse(line)));
    this.ended = new Promise((resolve) => this.#child.once('close', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${program.name} ended with ${code}: ${this.#errors.join('')}`));
      resolve(code);
    }));
  }

  /** @param on Called with the name of each new kind of thing that was seen in a stream. */
  call(op, params, options = {}, on = () => {}) {
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, on }));
    this.#child.stdin.write(`${JSON.stringify({ id, op, params, options })}\n`);
    return Object.assign(answer, { abort: () => this.#child.stdin.write(`${JSON.stringify({ op: 'abort', params: { id } })}\n`) });
  }

  /** The failure a call must end with. */
  async failure(op, params, options) {
    const end = await this.call(op, params, options).then((result) => ({ result }), (error) => ({ error }));
    if (end.error instanceof SdkFailure) return end.error.said;
    throw end.error ?? new Error(`${this.program.name}: ${op} gave an answer where it had to fail: ${JSON.stringify(end.result)}`);
  }

  async stop() {
    this.#child.stdin.end();
    const force = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await this.ended;
    clearTimeout(force);
  }

  #take({ id, seen, result, error, unhandled }) {
    if (unhandled) return this.unhandled.push(unhandled);
    const call = this.#waiting.get(id);
    if (!call) return undefined;
    if (seen) return call.on(seen);
    this.#waiting.delete(id);
    return error ? call.reject(new SdkFailure(error)) : call.resolve(result);
  }
}

export class SdkFailure extends Error {
  constructor(said) {
    super(`${said.class}: ${said.message}${said.stack ? `\n${said.stack}` : ''}`);
    this.said = said;
  }
}

/** A prompt that dictates what the sandbox's model answers. */
export const dictate = (turns, text = 'Do the scripted thing.') => `${text}\nsandbox: ${JSON.stringify(turns)}`;
