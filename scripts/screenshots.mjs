// npm run screenshots [-- --portal | --editor] [--no-build]: makes docs/images from the real program: real sessions of the real Claude Code against the sandbox
// account, the real portal in a real browser, and the real extension in a real VS Code workbench, with a recording of one review (its GIF needs ffmpeg). Look at them afterwards.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensure, locate } from './lib/clients.mjs';
import { stopAll } from './lib/processes.mjs';
import { Recording } from './lib/recording.mjs';
import { build, checkTools, installNodePackages, root } from './lib/repository.mjs';
import { run, say } from './lib/terminal.mjs';

const images = path.join(root, 'docs', 'images');
const version = '2.1.330';

async function main() {
  const { values: options } = parseArgs({ options: { portal: { type: 'boolean' }, editor: { type: 'boolean' }, 'no-build': { type: 'boolean' } } });
  const both = !options.portal && !options.editor;
  await checkTools();
  await installNodePackages();
  if (!options['no-build']) await build('EditorBridge.sln');
  await ensure(`claude-code-${version}`);
  await ensure('chromium');
  await ensure('code-server-4.139.1');
  fs.mkdirSync(images, { recursive: true });

  const { Product } = await import('../tests/e2e/harness.mjs');
  const ends = [];
  try {
    const product = await Product.start({ after: (end) => ends.unshift(end), diagnostic: say });
    await work(product);
    if (both || options.portal) await portalImages(product);
    if (both || options.editor) await workbenchImages(product, (end) => ends.unshift(end));
  } finally {
    for (const end of ends) await end();
    await stopAll(2000);
  }
}

/** A day's work in a minute: some writes pass, one is rejected, one is changed by its reviewer, one still waits. */
async function work(product) {
  const write = (name, content) => ({ tool: 'Write', input: { file_path: product.file(name), content } });
  const session = (prompt, turns) => product.claude({ version, door: 'hook', prompt, turns });

  await session('Create a model that shows revenue per customer.', [
    [{ text: 'I will add the model.' }, write('models/marts/revenue_per_customer.sql', revenue)],
    { text: 'The model is written.' },
  ]).ended;
  await session('List the models.', [[{ tool: 'Bash', input: { command: 'ls models/marts', description: 'List the models' } }], { text: 'One model.' }]).ended;

  const rejected = session('Clean up the staging table.', [[{ text: 'I will drop it.' }, write('cleanup/drop_staging.sql', 'drop table if exists analytics.staging.stg_orders;\n')], { text: 'Understood.' }]);
  await decide(product, { kind: 'reject', person: 'maria', reason: 'Finance still reads this table until the end of the quarter.' });
  await rejected.ended;

  const edited = session('Archive old orders.', [[{ text: 'I will move them.' }, write('jobs/archive_orders.sql', archive)], { text: 'Done.' }]);
  await decide(product, { kind: 'approveEdited', person: 'maria', reason: 'Bounded to the closed years.', text: archiveBounded });
  await edited.ended;
}

async function decide(product, verdict) {
  const review = await product.waitForReview();
  await product.verdict(review.id, verdict);
}

async function portalImages(product) {
  const { chromium } = await import('playwright-core');
  const waiting = product.claude({
    version,
    door: 'hook',
    prompt: 'Give the analysts access to orders.',
    turns: [[{ text: 'I will write the grants.' }, { tool: 'Write', input: { file_path: product.file('grants/analysts.sql'), content: grants } }], { text: 'Done.' }],
  });
  const review = await product.waitForReview();
  const portal = await product.startPortal();
  const browser = await chromium.launch({ executablePath: await ensure('chromium'), args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, deviceScaleFactor: 1, colorScheme: 'light' });
    await page.goto(portal.link);
    await page.getByRole('button', { name: /sign in|continue/i }).click({ timeout: 5000 }).catch(() => {});
    for (const [name, address] of [['portal', '/calls'], ['portal-reviews', '/reviews']]) {
      await page.goto(`${portal.url}${address}`);
      await page.waitForLoadState('networkidle');
      await page.waitForTimeout(1500);
      await page.screenshot({ path: path.join(images, `${name}.png`) });
      say(`docs/images/${name}.png`);
    }
  } finally {
    await browser.close();
  }
  await product.verdict(review.id, { kind: 'reject', person: 'maria', reason: 'Roles are granted by the platform team.' });
  await waiting.ended;
}

async function workbenchImages(product, atEnd) {
  const { Workbench } = await import('../tests/e2e/vscode/workbench.mjs');
  const { pack } = await import('../tests/e2e/vscode/vsix.mjs');
  const { programs } = await import('./lib/repository.mjs');
  const workbench = await Workbench.start(
    { after: atEnd },
    { folder: path.join(product.folder, 'workbench'), vsix: await pack('--without-backend'), environment: product.environment({ EDITORBRIDGE_CLAUDE: locate(`claude-code-${version}`), IS_SANDBOX: '1' }),
      settings: { 'editorbridge.server.path': programs.host, 'editorbridge.claude.arguments': ['-p', recordedPrompt(product), '--dangerously-skip-permissions'], 'editorbridge.review.notify': false } },
  );
  fs.writeFileSync(product.file('orders.sql'), ordersBefore);
  const window = await workbench.open(product.workspace);
  await window.ready();
  await window.showReviews();
  const waiting = product.claude({
    version,
    door: 'hook',
    prompt: 'Rework the orders table.',
    // Claude Code does not overwrite what it has not read.
    turns: [[{ tool: 'Read', input: { file_path: product.file('orders.sql') } }], [{ text: 'I will rework it.' }, { tool: 'Write', input: { file_path: product.file('orders.sql'), content: ordersAfter } }], { text: 'Done.' }],
  });
  const review = await product.waitForReview();
  await window.review('orders.sql');
  await window.page.waitForTimeout(3000);
  await window.page.screenshot({ path: path.join(images, 'vscode-review.png') });
  say('docs/images/vscode-review.png');
  await product.verdict(review.id, { kind: 'reject', person: 'maria', reason: 'Keep the history.' });
  await waiting.ended;
  await window.tab('orders.sql (').waitFor({ state: 'detached' });
  await recordReview(product, window);
}

const recordedPrompt = (product) => {
  const turns = [[{ text: 'I will write the clean-up.' }, { tool: 'Write', input: { file_path: product.file('cleanup.sql'), content: cleanup } }], { text: 'The clean-up is written. A reviewer changed it: a copy of the table is kept first.' }];
  return `Clean up the old orders.\nsandbox: ${JSON.stringify(turns)}`;
};

/** One review from the agent's wish to the file: the change waits, a quick fix makes it safer, the person accepts that. */
async function recordReview(product, window) {
  const pause = (seconds) => window.page.waitForTimeout(seconds * 1000);
  await window.closeEditors();
  await window.page.setViewportSize({ width: 1200, height: 760 });
  const recording = new Recording(window.page, path.join(root, 'artifacts', 'recording'));
  await pause(1);
  await window.command('EditorBridge: Start Claude Code (Governed)');
  await window.review('cleanup.sql');
  await pause(3);
  await window.quickFix('old_orders', 'Keep a copy first');
  await pause(2);
  await window.titleButton('Accept Edited').click();
  await window.tab('cleanup.sql (').waitFor({ state: 'detached' });
  await pause(2);
  await window.openFile('cleanup.sql');
  await pause(2);
  const size = await recording.stop(path.join(images, 'vscode-review.gif'));
  say(size === null ? 'artifacts/recording: frames only, because ffmpeg is not installed' : `docs/images/vscode-review.gif (${Math.round(size / 1024)} kB)`);
}

const cleanup = `drop table shop.old_orders;
`;

const revenue = `-- Revenue per customer, closed orders only.
select
  c.customer_id,
  c.customer_name,
  sum(o.amount) as revenue
from raw.shop.orders as o
join raw.shop.customers as c on c.customer_id = o.customer_id
where o.status = 'closed'
group by c.customer_id, c.customer_name;
`;

const archive = `insert into archive.shop.orders select * from raw.shop.orders;
delete from raw.shop.orders;
`;

const archiveBounded = `insert into archive.shop.orders select * from raw.shop.orders where order_date < '2024-01-01';
delete from raw.shop.orders where order_date < '2024-01-01';
`;

const grants = `grant select on all tables in schema raw.shop to role analyst;
grant usage on warehouse reporting to role analyst;
`;

const ordersBefore = `create table shop.orders (
  id int,
  customer_id int,
  total number
);

insert into shop.orders select * from raw.shop.orders;
`;

const ordersAfter = `create table shop.orders (
  id bigint,
  customer_id int,
  total number(12, 2),
  placed_at timestamp_ntz
);

insert into shop.orders select * from raw.shop.orders;

drop table shop.old_orders;
grant select on table shop.orders to role analyst;
`;

await run(main);
