// A real VS Code workbench (code-server) with our package installed, driven through a real browser.
// Everything listens on 127.0.0.1, and the gallery's address is one where nobody answers.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { locate, nodeOf } from '../../../scripts/lib/clients.mjs';
import { finish, freePort, start, stop, waitForHttp } from '../../../scripts/lib/processes.mjs';

const codeServer = 'code-server-4.139.1';

/** Settings that keep the screen and the network quiet. */
const quiet = {
  'telemetry.telemetryLevel': 'off', 'workbench.enableExperiments': false, 'workbench.startupEditor': 'none', 'workbench.tips.enabled': false,
  'update.mode': 'none', 'update.showReleaseNotes': false, 'extensions.autoUpdate': false, 'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true, 'npm.fetchOnlinePackageInfo': false, 'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden', 'security.workspace.trust.enabled': false, 'window.menuBarVisibility': 'classic',
  'files.autoSave': 'off', 'window.restoreWindows': 'none', 'diffEditor.renderSideBySide': true, 'editor.quickSuggestions': { other: 'off' },
};

export class Workbench {
  #browser;
  #server;

  constructor(folder) {
    this.folder = folder;
  }

  /** Starts the workbench with the package installed, and others `beside` it; the test's end stops it. `environment` is what the extension and its terminals get. */
  static async start(t, { folder, vsix, beside = [], environment, settings = {} }) {
    const workbench = new Workbench(folder);
    t.after(() => workbench.#end());
    workbench.write(settings);
    const port = await freePort();
    const config = path.join(folder, 'config.yaml');
    fs.writeFileSync(config, `bind-addr: 127.0.0.1:${port}\nauth: none\ncert: false\n`);
    const node = nodeOf(codeServer);
    const env = {
      ...environment,
      PATH: `${path.dirname(node)}${path.delimiter}${environment.PATH}`,
      EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: 'http://127.0.0.1:9/gallery', itemUrl: 'http://127.0.0.1:9/item' }),
    };
    const common = [locate(codeServer), '--config', config, '--user-data-dir', path.join(folder, 'data'), '--extensions-dir', path.join(folder, 'extensions')];
    for (const each of [vsix, ...beside].filter(Boolean)) {
      const installed = await finish(node, [...common, '--install-extension', each, '--force'], { env });
      assert.match(installed.output, /successfully installed/, installed.output);
    }

    const log = fs.createWriteStream(path.join(folder, 'workbench.log'));
    workbench.#server = start(
      node,
      [...common, '--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, '--disable-telemetry', '--disable-update-check', '--disable-getting-started-override',
        // A page that could not say goodbye keeps its extension host for three hours otherwise.
        '--reconnection-grace-time', '20'],
      { env, onLine: (line) => log.write(`${line}\n`) },
    );
    workbench.url = `http://127.0.0.1:${port}`;
    await waitForHttp(`${workbench.url}/healthz`, { child: workbench.#server, what: 'the workbench', seconds: 60 });
    workbench.#browser = await chromium.launch({
      executablePath: locate('chromium'),
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
        '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'],
    });
    return workbench;
  }

  /** Writes the person's settings; open windows read them anew. */
  write(settings) {
    // The workbench counts as remote to its browser: settings of scope "machine" are read from Machine, the others from User.
    for (const kind of ['User', 'Machine']) {
      const data = path.join(this.folder, 'data', kind);
      fs.mkdirSync(data, { recursive: true });
      fs.writeFileSync(path.join(data, 'settings.json'), JSON.stringify({ ...quiet, ...settings }, null, 2));
    }
  }

  /** Opens a folder, or a file that names several, in a window of its own. */
  async open(folder, viewport = { width: 1440, height: 900 }) {
    const context = await this.#browser.newContext({ viewport, permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const window = new Window(page, this);
    await page.goto(`${this.url}/?${folder.endsWith('.code-workspace') ? 'workspace' : 'folder'}=${encodeURIComponent(folder)}`);
    await page.waitForSelector('.monaco-workbench .part.statusbar .statusbar-item', { timeout: 90_000 });
    return window;
  }

  /** The text of our log channels, of all windows so far. */
  extensionLog() {
    const logs = path.join(this.folder, 'data', 'logs');
    if (!fs.existsSync(logs)) return '';
    return fs.readdirSync(logs, { recursive: true }).filter((name) => /EditorBridge.*\.log$/.test(name)).sort()
      .map((name) => fs.readFileSync(path.join(logs, name), 'utf8')).join('');
  }

  async #end() {
    await this.#browser?.close();
    await stop(this.#server);
  }
}

/** One window of the workbench: what a person sees and does there. */
export class Window {
  constructor(page, workbench) {
    this.page = page;
    this.workbench = workbench;
  }

  status(text) {
    return this.page.locator('.statusbar-item', { hasText: text });
  }

  async ready() {
    try {
      await this.status(/EditorBridge \(sandbox\)|to review/).first().waitFor({ timeout: 60_000 });
    } catch (error) {
      await this.screenshot('not-ready');
      throw new Error(`EditorBridge did not become ready. Its log:\n${this.workbench.extensionLog()}`, { cause: error });
    }
  }

  tab(name) {
    return this.page.locator('.tab', { hasText: name });
  }

  /** A button of the editor title, by the beginning of its label. */
  titleButton(label) {
    return this.page.locator(`.editor-group-container.active .editor-actions .action-label[aria-label^="${label}"]`).first();
  }

  get diff() {
    return this.page.locator('.monaco-diff-editor');
  }

  get proposedSide() {
    return this.page.locator('.monaco-diff-editor .editor.modified');
  }

  get comments() {
    return this.page.locator('.monaco-diff-editor .comment-body');
  }

  toast(text) {
    return this.page.locator('.notification-toast', { hasText: text });
  }

  row(text) {
    return this.page.locator('.part.sidebar .pane-body .monaco-list-row', { hasText: text });
  }

  /** Shows the side bar's lists. A badge lies over the icon, hence the corner and the force. */
  async showReviews() {
    const view = this.page.locator('.part.sidebar .pane-header', { hasText: 'Pending Reviews' });
    if (await view.count() === 0)
      await this.page.locator('.activitybar .action-item:has(.action-label[aria-label^="EditorBridge"])').first().click({ position: { x: 12, y: 12 }, force: true });
    await view.waitFor();
  }

  /** Waits for the diff of a file and brings it to the front. */
  async review(name) {
    await this.tab(`${name} (`).first().waitFor();
    await this.tab(`${name} (`).first().click();
    await this.diff.first().waitFor();
  }

  /** Runs a command of the palette. The palette closes when the focus moves elsewhere, a diff closing for instance, so it is opened again. */
  async command(title) {
    const input = this.page.locator('.quick-input-widget input');
    for (let attempt = 1; ; attempt++) {
      try {
        await this.page.keyboard.press('F1');
        await input.fill(`>${title}`, { timeout: 5000 });
        await this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().waitFor({ timeout: 5000 });
        await this.page.keyboard.press('Enter');
        return;
      } catch (error) {
        if (attempt === 4) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  async answerInput(text) {
    const input = this.page.locator('.quick-input-widget input');
    await input.waitFor();
    await input.fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Types at the very start of the proposal. The palette that closed a moment ago may still take the focus back, so it is asked for until it stays. */
  async typeAtStart(text) {
    const focused = this.page.locator('.monaco-diff-editor .modified-in-monaco-diff-editor.focused');
    for (let attempt = 1; ; attempt++) {
      await this.proposedSide.locator('.view-line').first().click();
      try {
        await focused.waitFor({ timeout: 3000 });
        break;
      } catch (error) {
        if (attempt === 5) throw error;
      }
    }
    await this.page.keyboard.press('Control+Home');
    await this.page.keyboard.type(text);
  }

  async closeEditors() {
    await this.command('View: Close All Editors');
    await this.page.locator('.tab').first().waitFor({ state: 'detached' });
    await this.page.locator('.quick-input-widget input').waitFor({ state: 'hidden' });
  }

  /** Opens a file of the workspace by its name. */
  async openFile(name) {
    const input = this.page.locator('.quick-input-widget input');
    await input.waitFor({ state: 'hidden' });
    await this.page.keyboard.press('F1');
    await input.waitFor();
    await input.fill(name);
    await this.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: name }).waitFor();
    await this.page.keyboard.press('Enter');
    await this.page.locator('.tab.active', { hasText: name }).waitFor();
  }

  dialog(text) {
    return this.page.locator('.monaco-dialog-box', { hasText: text });
  }

  /** Rows of a quick pick. */
  pick(text) {
    return this.page.locator('.quick-input-list .monaco-list-row', { hasText: text });
  }

  /** Puts the cursor into a word of the editor in front and takes the light bulb's entry. */
  async quickFix(word, title) {
    await this.page.locator('.editor-group-container.active .view-line span span', { hasText: word }).last().click();
    for (let attempt = 1; ; attempt++) {
      await this.page.keyboard.press('Control+.');
      const entry = this.page.locator('.action-widget .monaco-list-row', { hasText: title }).first();
      try {
        await entry.waitFor({ timeout: 5000 });
        await this.screenshot(`quick-fix-${word.replaceAll(/\W/g, '')}`);
        await entry.click();
        return;
      } catch (error) {
        if (attempt === 4) throw error;
        await this.page.keyboard.press('Escape');
      }
    }
  }

  async screenshot(name) {
    const folder = path.join(path.dirname(new URL(import.meta.url).pathname), '..', 'output', 'vscode');
    fs.mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: path.join(folder, `${name}.png`) });
  }

  /** Closes the page as a person does: the workbench then stops the window's extensions at once, and does not wait for it to come back. */
  async close() {
    await this.page.close();
    await this.page.context().close();
  }
}
