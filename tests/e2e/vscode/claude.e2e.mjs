// Claude Code, interactive in a governed terminal of a real workbench: what it asks its person about opens as a review of that window.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { locate } from '../../../scripts/lib/clients.mjs';
import { programs } from '../../../scripts/lib/repository.mjs';
import { beenHere } from '../claude/terminal.mjs';
import { missing, Product, until } from '../harness.mjs';
import { pack } from './vsix.mjs';
import { Workbench } from './workbench.mjs';

const claude = 'claude-code-2.1.330';
const skip = missing('code-server-4.139.1') || missing('chromium') || missing(claude);

test('Claude Code asks about a harmless change in its terminal, and the window it runs in answers', { timeout: 300_000, skip }, async (outer) => {
  const product = await Product.start(outer);
  beenHere(product);
  const report = product.file('report.sql');
  fs.writeFileSync(report, 'select 1 as a;\n');
  const turns = [
    [{ tool: 'Read', input: { file_path: report } }],
    [{ text: 'I will change it.' }, { tool: 'Edit', input: { file_path: report, old_string: '1 as a', new_string: '2 as b' } }],
    { text: 'All done now.' },
  ];

  // Inside, so that the workbench ends before the product's folder goes.
  await outer.test('in a workbench', { timeout: 250_000 }, async (t) => {
    const workbench = await Workbench.start(t, {
      folder: path.join(product.folder, 'workbench'),
      vsix: await pack('--without-backend'),
      environment: product.environment({ EDITORBRIDGE_CLAUDE: locate(claude), IS_SANDBOX: '1' }),
      settings: {
        'editorbridge.server.path': programs.host,
        'editorbridge.claude.arguments': ['--permission-mode', 'default', `Change the report.\nsandbox: ${JSON.stringify(turns)}`],
      },
    });
    const window = await workbench.open(product.workspace);
    await window.ready();
    const locks = () => {
      const folder = path.join(product.home, '.claude', 'ide');
      return fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith('.lock')) : [];
    };
    const [lock] = await until('the window to be told of', () => (locks().length > 0 ? locks() : null));
    assert.deepEqual(JSON.parse(fs.readFileSync(path.join(product.home, '.claude', 'ide', lock), 'utf8')).workspaceFolders, [product.workspace]);

    try {
      await window.showReviews();
      await window.command('EditorBridge: Start Claude Code (Governed)');
      await window.review('report.sql');
      assert.deepEqual((await product.reviews()).map((review) => [review.door, review.tool]), [['openDiff', 'Write']]);
      assert.equal(fs.readFileSync(report, 'utf8'), 'select 1 as a;\n', 'nothing is written before the verdict');
      await window.screenshot('claude-asks');
      await window.typeAtStart('-- checked\n');
      await window.titleButton('Accept Edited').click();
      await until('Claude Code to write the reviewed text', () => fs.readFileSync(report, 'utf8') === '-- checked\nselect 2 as b;\n');
    } catch (error) {
      t.diagnostic(workbench.extensionLog().split('\n').slice(-30).join('\n'));
      await window.screenshot('failed-claude-asks');
      throw error;
    }

    await window.close();
    await until('the lock file to go with the window', () => locks().length === 0);
  });
});
