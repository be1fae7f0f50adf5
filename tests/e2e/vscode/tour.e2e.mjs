// What else a developer meets, in a real workbench: quick fixes, a reload, several files at once, the portal's link, the gateway, the account's models, the walkthrough, the doctor.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { freePort } from '../../../scripts/lib/processes.mjs';
import { programs } from '../../../scripts/lib/repository.mjs';
import { missing, Product, until } from '../harness.mjs';
import { askToWrite } from './agent.mjs';
import { makeProbe } from './probe.mjs';
import { steps } from './steps.mjs';
import { pack } from './vsix.mjs';
import { Workbench } from './workbench.mjs';

const skip = missing('code-server-4.139.1') || missing('chromium');

test('a tour of the extension in a VS Code window', { timeout: 600_000, skip }, async (outer) => {
  const portalPort = await freePort();
  const product = await Product.start(outer, { serve: ['--portal-url', `http://127.0.0.1:${portalPort}`] });
  const vsix = await pack('--without-backend');
  const probe = await makeProbe(path.join(product.folder, 'probe'));
  await outer.test('a window', { timeout: 500_000 }, async (t) => {
    const workbench = await Workbench.start(t, {
      folder: path.join(product.folder, 'workbench'), vsix, beside: [probe.vsix], environment: product.environment(),
      settings: { 'editorbridge.server.path': programs.host, 'chat.disableAIFeatures': false },
    });
    fs.writeFileSync(product.file('clean.sql'), 'select 1;\ndelete from shop.orders;\n');
    const window = await workbench.open(product.workspace);
    await window.ready();
    const step = steps(t, { product, workbench, window });

    await step('a finding offers its fix, computed by the host, and the fix is what the file then says', async () => {
      await window.openFile('clean.sql');
      await window.page.locator('.squiggly-error, .squiggly-warning').first().waitFor();
      await window.quickFix('delete', 'Limit the rows with a WHERE clause');
      await window.page.locator('.view-line', { hasText: /WHERE.FALSE/ }).first().waitFor();
      await window.page.keyboard.press('Control+s');
      await until('the file to be saved', () => fs.readFileSync(product.file('clean.sql'), 'utf8') === 'select 1;\ndelete from shop.orders WHERE FALSE /* which rows? */;\n');
      await window.closeEditors();
    });

    await step('a fix in a review is the person’s edit', async () => {
      await window.showReviews();
      const answer = askToWrite(product, product.file('drop.sql'), 'drop table shop.old_orders;\n');
      await window.review('drop.sql');
      await window.quickFix('old_orders', 'Keep a copy first');
      await window.titleButton('Accept Edited').click();
      assert.equal((await answer).input.content, 'CREATE TABLE IF NOT EXISTS shop.old_orders_BACKUP CLONE shop.old_orders;\ndrop table shop.old_orders;\n');
      await window.tab('drop.sql (').waitFor({ state: 'detached' });
    });

    await step('what was typed into a review is there after the window was reloaded', async () => {
      const answer = askToWrite(product, product.file('drop.sql'), 'drop table shop.a;\n');
      await window.review('drop.sql');
      await window.typeAtStart('-- typed before the reload\n');
      await window.titleButton('Accept Edited').waitFor();
      await window.page.reload();
      await window.ready();
      await window.status('1 to review').waitFor();
      await window.showReviews();
      await window.row(/drop\.sql|DROP TABLE/i).first().click();
      await window.review('drop.sql');
      await window.page.locator('.view-line', { hasText: /typed.before.the.reload/ }).first().waitFor();
      await window.screenshot('after-reload');
      await window.titleButton('Accept Edited').click();
      assert.equal((await answer).input.content, '-- typed before the reload\ndrop table shop.a;\n');
      await window.tab('drop.sql (').waitFor({ state: 'detached' });
    });

    await step('several files that wait are one editor, and each is decided in it', async () => {
      const answers = ['one', 'two', 'three'].map((name) => askToWrite(product, product.file(`${name}.sql`), `drop table shop.${name};\n`));
      await window.status('3 to review').waitFor();
      await window.command('EditorBridge: Open All Pending Changes in One Editor');
      await window.tab('EditorBridge: pending changes').waitFor();
      for (const name of ['one', 'two', 'three']) await window.page.locator('.multiDiffEntry, .multi-diff-editor, .monaco-component.multiDiffEditor', { hasText: `${name}.sql` }).first().waitFor();
      await window.screenshot('several');
      for (const { id } of await product.reviews()) await product.verdict(id, { kind: 'approve', person: 'alice' });
      assert.deepEqual((await Promise.all(answers)).map((answer) => answer.permission), ['allow', 'allow', 'allow']);
      await window.tab('EditorBridge: pending changes').waitFor({ state: 'detached' });
    });

    await step('the models of the account are in VS Code’s own chat: another extension asks one', async () => {
      const seen = await until('the probe', async () => {
        await window.command('Probe: Run');
        for (let wait = 0; wait < 100 && !probe.answer(); wait++) await new Promise((resolve) => setTimeout(resolve, 100));
        return probe.answer()?.said || probe.answer()?.error ? probe.answer() : null;
      });
      assert.equal(seen.error, undefined);
      assert.equal(seen.said, 'From the account.');
      assert.ok(seen.tokens >= 5 && seen.tokens <= 15, `${seen.tokens} tokens`);
      assert.ok(seen.models.some((model) => model.family === 'claude' && model.input > 100_000), JSON.stringify(seen.models));
      const asked = await product.modelRequests();
      assert.ok(asked.some((request) => JSON.stringify(request.messages).includes('From the account.')), 'the question reached the account through the host');
    });

    await step('the MCP gateway is offered to the editor’s own chat', async () => {
      await window.command('MCP: List Servers');
      await window.pick('EditorBridge').first().waitFor();
      await window.screenshot('mcp-servers');
      await window.page.keyboard.press('Escape');
    });

    await step('Open Portal gives a link that signs in once', async () => {
      const portal = await product.startPortal(portalPort);
      const opened = window.page.context().waitForEvent('page', { timeout: 60_000 });
      await window.command('EditorBridge: Open Portal');
      const address = new URL((await opened).url() === 'about:blank' ? await (await opened).waitForURL(/code=/).then(async () => (await opened).url()) : (await opened).url());
      const code = address.searchParams.get('code');
      assert.ok(code, address.href);
      await (await opened).close();
      const page = await window.page.context().newPage();
      await page.goto(`${portal.url}/sign-in?code=${code}`);
      await page.getByRole('button', { name: /sign in|continue/i }).click({ timeout: 10_000 }).catch(() => undefined);
      await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
      await page.context().clearCookies();
      await page.goto(`${portal.url}/sign-in?code=${code}`);
      await page.getByRole('button', { name: /sign in|continue/i }).click({ timeout: 5000 }).catch(() => undefined);
      await page.getByText(/used|expired|no longer|not valid|ended/i).first().waitFor();
      await page.close();
    });

    await step('the walkthrough leads from the sign-in to the portal', async () => {
      await window.command('EditorBridge: Get Started');
      for (const title of ['Sign in to your Snowflake account', 'Start Claude Code, governed', 'Decide about a change', 'See what was recorded'])
        await window.page.locator('.getting-started-step', { hasText: title }).first().waitFor();
      await window.screenshot('walkthrough');
      await window.closeEditors();
    });

    await step('the doctor writes what it finds to the log and shows it', async () => {
      await window.command('EditorBridge: Doctor');
      await until('what the program’s own doctor says', () => /\[doctor\] Extension .*protocol \d/.test(workbench.extensionLog()) && /\[doctor\] .*(host|ledger|gate)/i.test(workbench.extensionLog()));
      assert.match(workbench.extensionLog(), /\[doctor\] .*remote: /, 'says where the window runs');
      await window.page.locator('.part.panel').waitFor();
      await window.screenshot('doctor');
    });
  });
});
