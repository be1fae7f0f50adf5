// What a developer has around the reviews: the real Claude Code in the integrated terminal, two windows, SQL marked while it is written.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { locate } from '../../../scripts/lib/clients.mjs';
import { finish } from '../../../scripts/lib/processes.mjs';
import { programs } from '../../../scripts/lib/repository.mjs';
import { missing, Product, until } from '../harness.mjs';
import { askToWrite } from './agent.mjs';
import { pack } from './vsix.mjs';
import { Workbench } from './workbench.mjs';

const claude = 'claude-code-2.1.330';
const skip = missing('code-server-4.139.1') || missing('chromium') || missing(claude);

test('around the reviews in VS Code', { timeout: 600_000, skip }, async (outer) => {
  const product = await Product.start(outer);
  const vsix = await pack('--without-backend');
  const report = product.file('report.sql');
  fs.writeFileSync(report, 'select order_id, amount from analytics.orders;\n');
  const git = (...args) => finish('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: product.workspace });
  for (const args of [['init', '-q'], ['add', '.'], ['commit', '-qm', 'before']]) assert.equal((await git(...args)).code, 0);
  const turns = [[{ tool: 'Write', input: { file_path: product.file('cleanup.sql'), content: 'drop table shop.old_orders;\n' } }], { text: 'All done.' }];
  const prompt = `Clean up the staging table.\nsandbox: ${JSON.stringify(turns)}`;

  await outer.test('a workbench', { timeout: 500_000 }, async (t) => {
    const workbench = await Workbench.start(t, {
      folder: path.join(product.folder, 'workbench'), vsix,
      environment: product.environment({ EDITORBRIDGE_CLAUDE: locate(claude), IS_SANDBOX: '1' }),
      settings: {
        'editorbridge.server.path': programs.host,
        'editorbridge.claude.arguments': ['-p', prompt, '--dangerously-skip-permissions'],
      },
    });
    const window = await workbench.open(product.workspace);
    await window.ready();
    const step = (name, run) => t.test(name, { timeout: 150_000 }, async (inner) => {
      try {
        await run(inner);
      } catch (error) {
        t.diagnostic(workbench.extensionLog().split('\n').slice(-30).join('\n'));
        await window.screenshot(`failed-${name.replaceAll(/\W+/g, '-').slice(0, 40)}`);
        for (const { id } of await product.reviews()) await product.verdict(id, { kind: 'reject', person: 'tidy', reason: 'left by a failed step' });
        throw error;
      }
    });

    await step('Claude Code in the integrated terminal: its dangerous write waits for the person, and the edited text is what it writes', async () => {
      await window.showReviews();
      await window.command('EditorBridge: Start Claude Code (Governed)');
      await window.review('cleanup.sql');
      assert.equal(fs.existsSync(product.file('cleanup.sql')), false, 'nothing is written before the verdict');
      await window.comments.filter({ hasText: /dropped/i }).first().waitFor();
      await window.screenshot('claude');
      await window.typeAtStart('-- agreed with finance\n');
      await window.titleButton('Accept Edited').click();

      await until('Claude Code to write the file', () => fs.existsSync(product.file('cleanup.sql')));
      await until('the whole text', () => fs.readFileSync(product.file('cleanup.sql'), 'utf8') === '-- agreed with finance\ndrop table shop.old_orders;\n');
      await window.tab('cleanup.sql (').waitFor({ state: 'detached' });
    });

    await step('a new terminal sends Anthropic clients to the proxy', async () => {
      const seen = path.join(product.folder, 'terminal.txt');
      const input = window.page.locator('.terminal-wrapper.active .xterm-helper-textarea');
      // The panel of the terminal that has just ended closes, and may take a new one along.
      for (let attempt = 1; ; attempt++) {
        await window.command('Terminal: Create New Terminal');
        try {
          await input.waitFor({ state: 'attached', timeout: 10_000 });
          break;
        } catch (error) {
          if (attempt === 3) throw error;
        }
      }
      await until('the shell to write the variable', async () => {
        if (fs.existsSync(seen)) return fs.readFileSync(seen, 'utf8').trim();
        await input.focus();
        await window.page.keyboard.type(`echo "$ANTHROPIC_BASE_URL" > ${seen}\n`);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return null;
      });
      assert.equal(fs.readFileSync(seen, 'utf8').trim(), product.url);
    });

    await step('SQL is marked while it is written, and each statement says what it is', async () => {
      await window.openFile('report.sql');
      const lens = (text) => window.page.locator('.codelens-decoration', { hasText: text });
      await lens('read').first().waitFor();
      await window.page.locator('.monaco-editor .view-line').first().click();
      await window.page.keyboard.press('Control+End');
      await window.page.keyboard.type('drop table shop.customers;\n');
      await lens(/destructive.*SHOP\.CUSTOMERS/).waitFor();
      await window.page.locator('.monaco-editor .squiggly-error, .monaco-editor .squiggly-warning').first().waitFor();
      await window.page.locator('.monaco-editor .view-line span span', { hasText: 'customers' }).first().hover();
      await window.page.locator('.monaco-hover', { hasText: 'From an agent' }).waitFor();
      await window.screenshot('while-writing');
      await window.page.keyboard.press('Control+s');
    });

    await step('the SQL in the Git changes is reviewed against HEAD, the riskiest first', async () => {
      await until('the list of changed statements', async () => {
        await window.command('EditorBridge: Review the SQL in My Git Changes');
        const row = window.page.locator('.quick-input-list .monaco-list-row', { hasText: /DROP TABLE SHOP\.CUSTOMERS/ });
        return row.first().waitFor({ timeout: 5000 }).then(() => true, () => null);
      });
      await window.screenshot('git-changes');
      const rows = await window.page.locator('.quick-input-list .monaco-list-row').allInnerTexts();
      assert.match(rows[0], /DROP TABLE/);
      await window.page.keyboard.press('Escape');
    });

    await step('two windows with different folders each get their own reviews', async () => {
      const folders = ['sales', 'finance'].map((name) => path.join(product.folder, name));
      for (const folder of folders) fs.mkdirSync(folder);
      const windows = [];
      for (const folder of folders) windows.push(await workbench.open(folder, { width: 1200, height: 700 }));
      for (const each of windows) await each.ready();
      const answers = folders.map((folder) => askToWrite(product, path.join(folder, `${path.basename(folder)}.sql`), 'drop table shop.a;\n', { cwd: folder }));
      await windows[0].review('sales.sql');
      await windows[1].review('finance.sql');
      for (const each of windows) await each.status('1 to review').waitFor();
      assert.equal(await windows[0].tab('finance.sql (').count() + await windows[1].tab('sales.sql (').count(), 0);
      await windows[0].titleButton('Accept').click();
      await windows[1].titleButton('Reject').click();
      await windows[1].answerInput('no');
      assert.deepEqual((await Promise.all(answers)).map((answer) => answer.permission), ['allow', 'deny']);
      for (const each of windows) await each.close();
    });

    await step('a window that closes takes its relay along, and the host stays', async () => {
      const relays = () => fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
        try {
          const [program, , ...rest] = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
          return `${program} ${rest}`.includes('editorbridge') && fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('\0editor\0') && fs.readFileSync(`/proc/${pid}/environ`, 'utf8').includes(product.state);
        } catch {
          return false; // it ended while we looked
        }
      });
      assert.equal(relays().length > 0, true);
      await window.close();
      await until('the relays to end', () => relays().length === 0);
      assert.equal((await fetch(`${product.url}/health`)).status, 200);
    });
  });
});
