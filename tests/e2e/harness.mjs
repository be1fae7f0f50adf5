// The real product for a test: sandbox account and host as processes of their own on free ports, a throw-away state
// folder, workspace and HOME, and the real Claude Code in headless mode. Nothing here knows the product's insides: it
// reads what a person or a program could read.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { locate, nodeOf } from '../../scripts/lib/clients.mjs';
import { freePort, signalGroup, start, stop, waitForHttp } from '../../scripts/lib/processes.mjs';
import { programs } from '../../scripts/lib/repository.mjs';

const unavailable = JSON.parse(process.env.EDITORBRIDGE_UNAVAILABLE ?? '{}');

/** For a test's `skip`: the reason why a client cannot be used here, or false. */
export function missing(client) {
  if (unavailable[client]) return unavailable[client];
  return locate(client) ? false : `${client} is not fetched: run npm test, which fetches it`;
}

/** The versions of Claude Code every test is run with. */
export const claudeVersions = ['2.1.330', '2.1.112'];

export class Product {
  #sandbox;
  #host;
  #portal;
  #hostPort;
  #clients = new Set();
  #log;

  constructor(folder) {
    this.folder = folder;
    this.state = path.join(folder, 'state');
    this.workspace = path.join(folder, 'project');
    this.home = path.join(folder, 'home');
    for (const inner of [this.state, this.workspace, this.home]) fs.mkdirSync(inner, { mode: 0o700 });
    this.#log = fs.createWriteStream(path.join(folder, 'product.log'));
  }

  /**
   * Starts sandbox and host and waits until both answer. The test's end stops them and removes the folder.
   * `settings` is what the person wrote into proxy.json. `signIn` is how the host signs in: with the sandbox's token in a file, `editor` or `browser`.
   */
  static async start(t, { serve = [], settings, signIn = 'file' } = {}) {
    const product = new Product(fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'editorbridge-e2e-')));
    t.after(() => product.#end(t));
    product.serveArguments = serve;
    product.signIn = signIn;
    if (settings) fs.writeFileSync(path.join(product.state, 'proxy.json'), JSON.stringify(settings), { mode: 0o600 });
    await product.#startSandbox();
    await product.startHost();
    return product;
  }

  async #startSandbox() {
    const patFile = path.join(this.folder, 'sandbox.pat');
    const ready = new Promise((resolve) => {
      this.#sandbox = start(programs.sandbox, ['--port', '0', '--pat-file', patFile], {
        onLine: (line, stream) => {
          this.#log.write(`sandbox ${line}\n`);
          if (stream === 'out' && line.startsWith('{')) resolve(JSON.parse(line).url);
        },
      });
    });
    this.account = await Promise.race([ready, this.#sandbox.ended.then(() => null)]);
    assert.ok(this.account, `the sandbox did not start: ${this.log()}`);
    this.patFile = patFile;
  }

  async startHost() {
    this.#hostPort ??= await freePort();
    this.url = `http://127.0.0.1:${this.#hostPort}`;
    this.#host = start(
      programs.host,
      ['serve', '--port', `${this.#hostPort}`, '--state', this.state, '--sandbox', this.account, ...{ file: ['--pat-file', this.patFile], editor: ['--pat-from-editor'], browser: [] }[this.signIn], ...(this.serveArguments ?? [])],
      { env: this.environment(), onLine: (line) => this.#log.write(`host ${line}\n`) },
    );
    await waitForHttp(`${this.url}/health`, { child: this.#host, what: 'the host', seconds: 30 });
  }

  /** Starts the portal, on a free port where none is named. Answers its address and a sign-in link that has not been used. */
  async startPortal(port) {
    port ??= await freePort();
    const url = `http://127.0.0.1:${port}`;
    let link;
    this.#portal = start(programs.portal, ['--state', this.state, '--port', `${port}`], {
      env: this.environment(),
      onLine: (line) => {
        this.#log.write(`portal ${line}\n`);
        link ??= new RegExp(`${url}/\\S+`).exec(line)?.[0];
      },
    });
    await waitForHttp(url, { child: this.#portal, what: 'the portal', accept: (response) => response.status < 500 });
    await until('the sign-in link', () => link);
    return { url, link };
  }

  /** Ends the host as a power cut would. */
  async killHost() {
    signalGroup(this.#host, 'SIGKILL');
    await this.#host.ended;
  }

  log() {
    return fs.readFileSync(path.join(this.folder, 'product.log'), 'utf8');
  }

  /** What a program of the person gets: nothing of the test's own surroundings but the way to find programs. */
  environment(extra = {}) {
    const kept = Object.fromEntries(['PATH', 'LANG', 'TMPDIR', 'DOTNET_ROOT', 'SystemRoot'].filter((key) => process.env[key]).map((key) => [key, process.env[key]]));
    return { ...kept, HOME: this.home, EDITORBRIDGE_HOME: this.state, DOTNET_NOLOGO: '1', ...extra };
  }

  /** Runs an `editorbridge` command to its end. */
  async cli(args, options = {}) {
    const lines = { out: [], err: [] };
    const child = start(programs.host, args, { env: this.environment(), ...options, onLine: (line, stream) => lines[stream].push(line) });
    const { code } = await child.ended;
    return { code, out: lines.out.join('\n'), err: lines.err.join('\n') };
  }

  /**
   * Starts the real Claude Code in the workspace and lets it work through one prompt.
   * `door` is 'hook' (the launcher: environment, settings and hook for this session) or 'stream' (the two variables
   * any Anthropic client has, no hook). Every permission prompt of the client's own is switched off, so that what holds
   * an action is the gate and nothing else.
   */
  claude({ version, door, turns, prompt = '', args = [], env = {} }) {
    const program = locate(`claude-code-${version}`);
    const text = turns ? `${prompt || 'Do the scripted thing.'}\nsandbox: ${JSON.stringify(turns)}` : prompt;
    const headless = ['-p', text, '--output-format', 'stream-json', '--verbose', '--dangerously-skip-permissions', ...args];
    const direct = program.endsWith('.js') ? [nodeOf(`claude-code-${version}`), program] : [program];
    const [command, ...before] = door === 'hook' ? [programs.host, 'claude'] : direct;
    const doorEnvironment =
      door === 'hook'
        ? { EDITORBRIDGE_CLAUDE: program }
        : { ANTHROPIC_BASE_URL: this.url, ANTHROPIC_AUTH_TOKEN: this.token('claude'), CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1' };
    const session = { events: [], errors: [] };
    const child = start(command, [...before, ...headless], {
      cwd: this.workspace,
      env: this.environment({ IS_SANDBOX: '1', ...doorEnvironment, ...env }),
      onLine: (line, stream) => {
        this.#log.write(`claude ${line}\n`);
        if (stream === 'out' && line.startsWith('{')) session.events.push(JSON.parse(line));
        else session.errors.push(line);
      },
    });
    this.#clients.add(child);
    session.child = child;
    session.ended = child.ended.then(({ code }) => {
      this.#clients.delete(child);
      session.code = code;
      session.result = session.events.find((event) => event.type === 'result');
      return session;
    });
    return session;
  }

  /** The reviews that wait for a person, as `editorbridge reviews --json` lists them. */
  async reviews() {
    const { code, out, err } = await this.cli(['reviews', '--json']);
    assert.equal(code, 0, err);
    return JSON.parse(out).pending;
  }

  /** The one review that waits, or all of them once there are `count`. */
  async waitForReview({ seconds = 60 } = {}) {
    const [review] = await this.waitForReviews(1, { seconds });
    return review;
  }

  async waitForReviews(count, { seconds = 60 } = {}) {
    return until(`${count} pending review(s)`, async () => {
      const pending = await this.reviews();
      return pending.length >= count ? pending : null;
    }, seconds);
  }

  /** A person's verdict, given the way the portal gives it. */
  async verdict(id, { kind, person, reason, text }) {
    const token = fs.readFileSync(path.join(this.state, 'portal.token'), 'utf8').trim();
    const response = await fetch(`${this.url}/bridge/reviews/${id}/verdict`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ kind, person, reason, text }),
    });
    const answer = await response.json();
    assert.equal(answer.result, 'accepted', JSON.stringify(answer));
  }

  token(client) {
    return fs.readFileSync(path.join(this.state, 'clients', `${client}.token`), 'utf8').trim();
  }

  /** What the model got, oldest first: the bodies of the Messages requests that reached the account. */
  async modelRequests() {
    return (await this.accountRequests()).map((request) => JSON.parse(request.body));
  }

  /** The Messages requests that reached the account, oldest first, as they arrived: `headers`, `body`, `status`, `aborted`. */
  async accountRequests() {
    const pat = fs.readFileSync(this.patFile, 'utf8').trim();
    const response = await fetch(`${this.account}/_sandbox/requests`, { headers: { authorization: `Bearer ${pat}` } });
    assert.equal(response.status, 200);
    return (await response.json()).filter((request) => request.path.includes('/messages') && request.body);
  }

  /** The results of tool calls as the model got them last: `{ id, text, isError }`. */
  async toolResults() {
    const results = new Map();
    for (const { messages } of await this.modelRequests()) {
      for (const { role, content } of messages) {
        if (role !== 'user' || typeof content === 'string') continue;
        for (const block of content.filter((each) => each.type === 'tool_result')) {
          const text = typeof block.content === 'string' ? block.content : (block.content ?? []).map((part) => part.text ?? '').join('\n');
          results.set(block.tool_use_id, { id: block.tool_use_id, text, isError: block.is_error === true });
        }
      }
    }
    return [...results.values()];
  }

  /** Everything the model was told in its newest request, as one text. */
  async newestConversation() {
    return JSON.stringify((await this.modelRequests()).at(-1).messages);
  }

  file(name) {
    return path.join(this.workspace, name);
  }

  async #end(t) {
    for (const child of this.#clients) await stop(child, 1000);
    await stop(this.#portal);
    await stop(this.#host);
    await stop(this.#sandbox);
    await new Promise((resolve) => this.#log.end(resolve));
    if (process.env.EDITORBRIDGE_KEEP) t.diagnostic(`kept ${this.folder}`);
    else fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Asks until the answer is not null or undefined. The product is in other processes, so a test can only ask again. */
export async function until(what, ask, seconds = 60) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) assert.fail(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
