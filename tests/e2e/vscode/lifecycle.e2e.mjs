// The life of the extension's program in a real workbench: crashes and their end, a program that is not there, Restricted Mode, several folders, and a sign-in kept by VS Code.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { programs } from '../../../scripts/lib/repository.mjs';
import { missing, Product, until } from '../harness.mjs';
import { askToWrite } from './agent.mjs';
import { steps } from './steps.mjs';
import { pack } from './vsix.mjs';
import { Workbench } from './workbench.mjs';

const skip = missing('code-server-4.139.1') || missing('chromium');

test('the life of the extension in VS Code', { timeout: 600_000, skip }, async (outer) => {
  // The account's token is with the person's VS Code, not with the host.
  const product = await Product.start(outer, { signIn: 'editor' });
  const vsix = await pack('--without-backend');
  const settings = { 'editorbridge.server.path': programs.host };
  await outer.test('a window', { timeout: 500_000 }, async (t) => {
    const workbench = await Workbench.start(t, { folder: path.join(product.folder, 'workbench'), vsix, environment: product.environment(), settings });
    const window = await workbench.open(product.workspace);
    await window.ready();
    const step = steps(t, { product, workbench, window });
    const log = (pattern) => [...workbench.extensionLog().matchAll(pattern)];
    const relay = () => Number(log(/ready in \d+ ms \(relay (\d+)/g).at(-1)[1]);

    await step('a sign-in takes the access token into VS Code’s secret storage, asks the account, and a new host gets it again', async () => {
      const models = async () => (await fetch(`${product.url}/v1/models`, { headers: { authorization: `Bearer ${product.token('claude')}` } })).status;
      await window.toast('has no access token').waitFor();
      assert.notEqual(await models(), 200, 'nobody is signed in yet');
      await window.command('EditorBridge: Sign In to Snowflake');
      await window.answerInput('not-the-token');
      await window.toast('did not take the token').waitFor();
      await window.command('EditorBridge: Sign In to Snowflake');
      await window.page.locator('.quick-input-widget input[type="password"]').waitFor();
      await window.answerInput(fs.readFileSync(product.patFile, 'utf8').trim());
      await window.toast(/Signed in to .* as DEVELOPER/).waitFor();
      await window.screenshot('signed-in');
      assert.equal(await models(), 200);

      const address = () => JSON.parse(fs.readFileSync(path.join(product.state, 'host.json'), 'utf8'));
      const old = address().pid;
      await product.killHost();
      await until('the relay to start the next host', () => address().pid !== old);
      const next = address().pid;
      outer.after(() => process.kill(next));
      await until('the next host to have the token', async () => (await models().catch(() => 0)) === 200);
      assert.doesNotMatch(workbench.extensionLog(), new RegExp(fs.readFileSync(product.patFile, 'utf8').trim()), 'the token is in no log');
    });

    await step('Show Log shows the log', async () => {
      await window.command('EditorBridge: Show Log');
      await window.page.locator('.part.panel .view-line', { hasText: /EditorBridge|Starting|ready/ }).first().waitFor();
    });

    await step('a program that crashes is started again, a little later each time, and in the end the person is told', async () => {
      for (let crash = 1; crash <= 5; crash++) {
        const before = log(/ready in \d+ ms/g).length;
        process.kill(relay(), 'SIGKILL');
        if (crash < 5) await until(`the start after crash ${crash}`, () => log(/ready in \d+ ms/g).length > before);
      }
      await window.toast('It ended 5 times within three minutes').waitFor();
      await window.page.locator('.statusbar-item.has-background-color, .statusbar-item.error-kind', { hasText: 'EditorBridge' }).first().waitFor();
      await window.showReviews();
      await window.page.locator('.part.sidebar', { hasText: 'EditorBridge is not running' }).waitFor();
      await window.screenshot('crashed');
      await window.command('EditorBridge: Restart');
      await window.ready();
    });

    await step('a program that is not there is named, with the setting; putting the setting right starts it without a reload', async () => {
      workbench.write({ ...settings, 'editorbridge.server.path': '/nowhere/editorbridge' });
      await window.toast('/nowhere/editorbridge, which does not exist').waitFor();
      await window.screenshot('program-missing');
      workbench.write(settings);
      await window.ready();
    });

    await step('a package without a program for this machine says what to install', async () => {
      workbench.write({});
      await window.toast('The EditorBridge program was not found').waitFor();
      workbench.write(settings);
      await window.ready();
    });

    await step('settings about the host reach it as options of the program', async () => {
      workbench.write({ ...settings, 'editorbridge.host.reviewSeconds': 120, 'editorbridge.host.euOnly': true });
      await until('the next start', () => log(/Starting \S+ editor --eu-only --review-seconds 120|Starting \S+ editor --review-seconds 120 --eu-only/g).length > 0);
      await window.ready();
      workbench.write(settings);
    });

    await step('a window with several folders gets the reviews of each', async () => {
      const folders = ['first', 'second'].map((name) => path.join(product.folder, name));
      for (const folder of folders) fs.mkdirSync(folder);
      const file = path.join(product.folder, 'both.code-workspace');
      fs.writeFileSync(file, JSON.stringify({ folders: folders.map((folder) => ({ path: folder })) }));
      const both = await workbench.open(file, { width: 1200, height: 700 });
      await both.ready();
      // A workbench may read which folders it has only after its extensions run, and once in a while not before it is loaded again.
      const knowsFolders = () => until('the window to know its folders', () => log(/ready in .*, 2 folders\)|The window has 2 folders now/g).length > 0, 30).catch((error) => {
        throw new Error(`${error.message}. The extension's log ends with:\n${workbench.extensionLog().slice(-1500)}`);
      });
      await knowsFolders().catch(() => both.page.reload().then(knowsFolders));
      const answers = folders.map((folder) => askToWrite(product, path.join(folder, `${path.basename(folder)}.sql`), 'drop table shop.a;\n', { cwd: folder }));
      await both.status('2 to review').waitFor();
      assert.equal(await window.status('2 to review').count(), 0, 'the other window’s folder is another');
      for (const { id } of await product.reviews()) await product.verdict(id, { kind: 'reject', person: 'alice', reason: 'no' });
      assert.deepEqual((await Promise.all(answers)).map((answer) => answer.permission), ['deny', 'deny']);
      await both.close();
    });

    await step('in Restricted Mode reviews work, no program of the folder’s choice runs, and Claude Code is not started', async () => {
      workbench.write({ ...settings, 'security.workspace.trust.enabled': true, 'security.workspace.trust.startupPrompt': 'never', 'security.workspace.trust.banner': 'never' });
      const cloned = path.join(product.folder, 'cloned');
      fs.mkdirSync(path.join(cloned, '.vscode'), { recursive: true });
      fs.writeFileSync(path.join(cloned, '.vscode', 'settings.json'), JSON.stringify({ 'editorbridge.server.path': '/bin/false', 'editorbridge.claude.arguments': ['--dangerously-skip-permissions'] }));
      const restricted = await workbench.open(cloned, { width: 1200, height: 700 });
      await restricted.ready();
      await restricted.status('Restricted Mode').waitFor();
      const answer = askToWrite(product, path.join(cloned, 'drop.sql'), 'drop table shop.a;\n', { cwd: cloned });
      await restricted.review('drop.sql');
      await restricted.page.keyboard.press('F1');
      await restricted.page.locator('.quick-input-widget input').fill('>EditorBridge: ');
      await restricted.pick('EditorBridge: Doctor').waitFor();
      assert.equal(await restricted.pick('Start Claude Code').count(), 0);
      await restricted.screenshot('restricted');
      await restricted.page.keyboard.press('Escape');
      await restricted.titleButton('Accept').click();
      assert.equal((await answer).permission, 'allow');
      assert.equal(log(/\/bin\/false/g).length, 0);
      await restricted.close();
    });
  });

  await outer.test('Sign In opens the account’s page in the browser, and what the person allows there signs the host in', { timeout: 200_000 }, async (t) => {
    // Ends after the workbench: a window would start the host anew.
    const own = await Product.start(outer, { signIn: 'browser' });
    const workbench = await Workbench.start(t, { folder: path.join(own.folder, 'workbench'), vsix, environment: own.environment(), settings });
    const window = await workbench.open(own.workspace);
    await window.page.locator('.statusbar-item.error-kind', { hasText: 'EditorBridge' }).waitFor({ timeout: 60_000 });
    const models = async () => (await fetch(`${own.url}/v1/models`, { headers: { authorization: `Bearer ${own.token('claude')}` } })).status;
    assert.equal(await models(), 401, 'nobody is signed in yet');
    const opened = window.page.context().waitForEvent('page', { timeout: 60_000 });
    await window.command('EditorBridge: Sign In to Snowflake');
    const page = await opened;
    // The workbench leads addresses of this machine through its own proxy; an account is elsewhere, and only the sandbox is here.
    await page.goto(page.url().replace(/^(http:..127\.0\.0\.1):\d+\/proxy\/(\d+)/, '$1:$2'));
    await page.getByText(/signed in/i).first().waitFor();
    await window.toast(/Signed in to .* as DEVELOPER/).waitFor();
    await window.ready();
    await window.screenshot('signed-in-by-browser');
    assert.equal(await models(), 200);
  });
});
