// The portal in a real browser, over the real host: what a person of the compliance staff does, by mouse and by keyboard.
import assert from 'node:assert/strict';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { locate } from '../../../scripts/lib/clients.mjs';
import { programs } from '../../../scripts/lib/repository.mjs';
import { finish } from '../../../scripts/lib/processes.mjs';
import { Product } from '../harness.mjs';

const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** Host, portal and browser for one test file; everything ends with `t`. */
export class PortalJourney {
  #browser;
  #number = 0;

  static async start(t) {
    const journey = new PortalJourney();
    journey.product = await Product.start(t);
    Object.assign(journey, await journey.product.startPortal());
    journey.#browser = await chromium.launch({ executablePath: process.env.EDITORBRIDGE_CHROMIUM ?? locate('chromium'), args: quiet });
    t.after(() => journey.#browser.close());
    return journey;
  }

  /** One more sign-in link, as `editorbridge-portal link` prints it. */
  async newLink(role = 'owner', person = 'maria') {
    const { code, output } = await finish(programs.portal, ['link', '--state', this.product.state, '--port', new URL(this.url).port, '--role', role, '--person', person]);
    assert.equal(code, 0, output);
    return output.trim().split('\n').at(-1);
  }

  /** A page of somebody who is not signed in. Its errors and every address it asked for are kept. */
  async stranger({ width = 1440, height = 900, colorScheme = 'light' } = {}) {
    const context = await this.#browser.newContext({ viewport: { width, height }, colorScheme, timezoneId: 'Europe/Berlin', acceptDownloads: true });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.asked = [];
    page.errors = [];
    page.on('request', (request) => page.asked.push(request.url()));
    page.on('websocket', (socket) => page.asked.push(socket.url()));
    page.on('console', (message) => message.type() === 'error' && page.errors.push(message.text()));
    page.on('pageerror', (error) => page.errors.push(error.message));
    return page;
  }

  /** A page of somebody who came in by a link of their own. */
  async signedIn({ role = 'owner', person = 'maria', ...look } = {}) {
    const page = await this.stranger(look);
    await page.goto(await this.newLink(role, person));
    await page.waitForURL(`${this.url}/`);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    return page;
  }

  /** Opens a page of the portal and waits for its heading. */
  async open(page, address, heading) {
    await page.goto(`${this.url}${address}`);
    await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  }

  /** What Claude Code's hook asks before it runs a tool; answered when the gate has decided. */
  async ask(tool, input) {
    const response = await fetch(`${this.product.url}/hooks/claude`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.product.token('hook')}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        session_id: '7d4e2f1a-91f4-4f0e-8a6c-5b2c0f011b9a', cwd: this.product.workspace, hook_event_name: 'PreToolUse', permission_mode: 'default',
        tool_name: tool, tool_use_id: `toolu_${this.#number++}`, tool_input: input,
      }),
    });
    return response.json();
  }

  write(name, content) {
    return this.ask('Write', { file_path: this.product.file(name), content });
  }

  /** Kept when EDITORBRIDGE_SCREENSHOTS names a folder; for looking at, not for comparing. */
  async picture(page, name) {
    if (process.env.EDITORBRIDGE_SCREENSHOTS) await page.screenshot({ path: path.join(process.env.EDITORBRIDGE_SCREENSHOTS, `${name}.png`) });
  }

  /** Nothing but the portal itself was asked for anything, and the browser complained about nothing. */
  assertQuiet(page) {
    const foreign = page.asked.filter((address) => !address.startsWith(this.url) && !address.startsWith(this.url.replace('http', 'ws')) && !address.startsWith('data:') && !address.startsWith('blob:'));
    assert.deepEqual(foreign, []);
    assert.deepEqual(page.errors, []);
  }
}
