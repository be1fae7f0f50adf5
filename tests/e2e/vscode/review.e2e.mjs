// Reviews in a real VS Code workbench: an agent's call is held, the person sees the diff and decides, the agent gets the answer.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { programs } from '../../../scripts/lib/repository.mjs';
import { missing, Product, until } from '../harness.mjs';
import { askToWrite } from './agent.mjs';
import { pack } from './vsix.mjs';
import { Workbench } from './workbench.mjs';

const skip = missing('code-server-4.139.1') || missing('chromium');
const before = 'create table shop.orders (\n  id int,\n  total number\n);\n';
const risky = 'create table shop.orders (\n  id bigint,\n  total number(12, 2)\n);\n\ndrop table shop.old_orders;\n';

test('reviews in a VS Code window', { timeout: 600_000, skip }, async (outer) => {
  const product = await Product.start(outer);
  const vsix = await pack('--without-backend');
  await outer.test('a window', { timeout: 500_000 }, async (t) => {
    const workbench = await Workbench.start(t, {
      folder: path.join(product.folder, 'workbench'), vsix, environment: product.environment(), settings: { 'editorbridge.server.path': programs.host },
    });
    const orders = product.file('orders.sql');
    fs.writeFileSync(orders, before);
    const window = await workbench.open(product.workspace);
    await window.ready();
    await window.showReviews();
    // A step that fails must not leave its review to the next one.
    const step = (name, run) => t.test(name, { timeout: 120_000 }, async (inner) => {
      try {
        await run(inner);
      } catch (error) {
        t.diagnostic(workbench.extensionLog().split('\n').slice(-30).join('\n'));
        await window.screenshot(`failed-${name.replaceAll(/\W+/g, '-').slice(0, 40)}`);
        for (const { id } of await product.reviews()) await product.verdict(id, { kind: 'reject', person: 'tidy', reason: 'left by a failed step' });
        throw error;
      }
    });

    await step('a held write shows its diff with findings, and Accept releases the agent’s own text', async () => {
      const answer = askToWrite(product, orders, risky);
      await window.review('orders.sql');
      await window.comments.filter({ hasText: /old_orders/i }).first().waitFor();
      await window.row(/orders\.sql|DROP TABLE/i).first().waitFor();
      await window.status('1 to review').waitFor();
      await window.toast('wants to change orders.sql').waitFor();
      await window.screenshot('accept');
      await window.titleButton('Accept').click();

      const { permission, input } = await answer;
      assert.equal(permission, 'allow');
      assert.equal(input, null, 'an untouched proposal is not rewritten');
      await window.tab('orders.sql (').waitFor({ state: 'detached' });
      await window.status('EditorBridge (sandbox)').waitFor();
      assert.equal(fs.readFileSync(orders, 'utf8'), before, 'the editor never writes the file itself');
    });

    await step('an edited proposal is what the agent gets', async () => {
      const answer = askToWrite(product, orders, `${risky}-- second\n`);
      await window.review('orders.sql');
      await window.typeAtStart('-- checked by hand\n');
      await window.titleButton('Accept Edited').waitFor();
      await window.screenshot('accept-edited');
      await window.page.keyboard.press('Control+Alt+a');

      const { permission, input, reason } = await answer;
      assert.equal(permission, 'allow');
      assert.equal(input.content, `-- checked by hand\n${risky}-- second\n`);
      assert.match(reason, /edit|chang/i, 'the agent is told that a person edited it');
      await window.tab('orders.sql (').waitFor({ state: 'detached' });
      assert.equal(await window.page.locator('.monaco-dialog-box').count(), 0, 'no question about saving');
    });

    await step('a rejection carries its reason to the agent', async () => {
      const answer = askToWrite(product, orders, `${risky}-- third\n`);
      await window.review('orders.sql');
      await window.titleButton('Reject').click();
      await window.answerInput('old_orders is still read by finance');

      const { permission, reason } = await answer;
      assert.equal(permission, 'deny');
      assert.match(reason, /still read by finance/);
      await window.tab('orders.sql (').waitFor({ state: 'detached' });
    });

    await step('a verdict given elsewhere closes the diff', async () => {
      const answer = askToWrite(product, orders, `${risky}-- fourth\n`);
      await window.review('orders.sql');
      const [review] = await product.reviews();
      await product.verdict(review.id, { kind: 'reject', person: 'alice', reason: 'from the portal' });

      assert.equal((await answer).permission, 'deny');
      await window.tab('orders.sql (').waitFor({ state: 'detached' });
      await window.status('EditorBridge (sandbox)').waitFor();
    });

    await step('closing the tab decides nothing; the list still has the review', async () => {
      const answer = askToWrite(product, orders, `${risky}-- fifth\n`);
      await window.review('orders.sql');
      await window.tab('orders.sql (').locator('.tab-actions .action-label').first().click();
      await window.tab('orders.sql (').waitFor({ state: 'detached' });
      await window.status('1 to review').waitFor();

      await window.row(/orders\.sql|DROP TABLE/i).first().click();
      await window.review('orders.sql');
      await window.titleButton('Accept').click();
      assert.equal((await answer).permission, 'allow');
      await window.tab('orders.sql (').waitFor({ state: 'detached' });
    });

    await step('line endings and the byte order mark survive an edit', async () => {
      const file = product.file('windows.sql');
      const answer = askToWrite(product, file, '\ufeffdrop table shop.a;\r\ndrop table shop.b;\r\n');
      await window.review('windows.sql');
      await window.proposedSide.locator('.view-line').first().click();
      await window.page.keyboard.press('Control+End');
      await window.page.keyboard.type('-- kept\n');
      await window.titleButton('Accept Edited').click();

      assert.equal((await answer).input.content, '\ufeffdrop table shop.a;\r\ndrop table shop.b;\r\n-- kept\r\n');
      await window.tab('windows.sql (').waitFor({ state: 'detached' });
    });

    await step('typing in an editor goes on when a review begins, and local edits are pointed out', async () => {
      await window.closeEditors();
      await window.openFile('orders.sql');
      await window.tab('orders.sql').waitFor();
      await window.page.locator('.monaco-editor .view-line').first().click();
      await window.page.keyboard.press('Control+Home');
      await window.page.keyboard.type('-- mine ');
      const answer = askToWrite(product, orders, `${risky}-- sixth\n`);
      await window.tab('orders.sql (').waitFor();
      await window.comments.filter({ hasText: 'unsaved edits' }).first().waitFor();
      await window.page.keyboard.type('GOES ON');
      await window.page.locator('.monaco-editor:not(.modified-in-monaco-diff-editor) .view-line', { hasText: /mine.GOES.ON/ }).first().waitFor();
      await window.screenshot('beside');

      await window.review('orders.sql');
      await window.titleButton('Reject').click();
      await window.answerInput('later');
      assert.equal((await answer).permission, 'deny');
      await window.tab('orders.sql (').waitFor({ state: 'detached' });
      await window.command('File: Revert File');
      await window.closeEditors();
    });

    await step('the host killed while a review waits: the next one has the review, and the person’s edits are kept', async (inner) => {
      const session = { session: 'the-same-session' };
      const lost = askToWrite(product, orders, `${risky}-- seventh\n`, session).then(() => 'answered', () => 'connection lost');
      await window.review('orders.sql');
      await window.typeAtStart('-- typed before the host died\n');
      await window.titleButton('Accept Edited').waitFor();
      const address = () => JSON.parse(fs.readFileSync(path.join(product.state, 'host.json'), 'utf8'));
      const old = address().pid;
      await product.killHost();
      assert.equal(await lost, 'connection lost');
      inner.after(() => process.kill(address().pid));
      await until('the relay to start the next host', () => address().pid !== old);
      await until('the window to be connected again', () => new RegExp(`host/status|Connected to host ${address().pid}`).test(workbench.extensionLog()));
      await window.status('1 to review').waitFor();

      const again = askToWrite(product, orders, `${risky}-- seventh\n`, session);
      await window.titleButton('Accept Edited').click();
      const { permission, input } = await again;
      assert.equal(permission, 'allow');
      assert.equal(input.content, `-- typed before the host died\n${risky}-- seventh\n`);
      await window.tab('orders.sql (').waitFor({ state: 'detached' });
    });
  });
});
