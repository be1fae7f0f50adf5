// Claude Code in a terminal of an editor window: what it asks its person about is a review there, and the first answer counts.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import { locate } from '../../../scripts/lib/clients.mjs';
import { programs } from '../../../scripts/lib/repository.mjs';
import { claudeVersions, missing, Product, until } from '../harness.mjs';
import { EditorWindow } from './editor.mjs';
import { beenHere, noTerminal, Terminal } from './terminal.mjs';

const before = 'select 1 as a;\r\nselect 2;\r\n';
const proposed = 'select 9 as a;\r\nselect 2;\r\n';
const question = /Opened changes in EditorBridge/;

for (const version of claudeVersions) {
  const skip = noTerminal || missing(`claude-code-${version}`);

  describe(`Claude Code ${version} in an editor window's terminal`, { skip }, () => {
    const change = (product) => [
      [{ tool: 'Read', input: { file_path: product.file('report.sql') } }],
      [{ text: 'I will change it.' }, { tool: 'Edit', input: { file_path: product.file('report.sql'), old_string: '1 as a', new_string: '9 as a' } }],
      { text: 'All done now.' },
    ];

    /** Starts everything and waits until the change is a review of the window, and a question in the terminal. */
    async function ask(t, { turns = change, args = [], asked = question, before: prepare = () => {} } = {}) {
      // The product's folder goes last, when nobody writes into it any more.
      const ends = [];
      const late = { after: (end) => ends.unshift(end), diagnostic: (text) => t.diagnostic(text) };
      t.after(async () => {
        for (const end of ends) await end();
      });
      const product = await Product.start(late);
      beenHere(product);
      fs.writeFileSync(product.file('report.sql'), before);
      const window = await EditorWindow.open(late, product);
      await prepare(late, product);
      const terminal = Terminal.open(late, programs.host, ['claude', '--permission-mode', 'default', ...args, `Change it.\nsandbox: ${JSON.stringify(turns(product))}`], {
        cwd: product.workspace,
        env: product.environment({ EDITORBRIDGE_CLAUDE: locate(`claude-code-${version}`), IS_SANDBOX: '1', EDITORBRIDGE_IDE_PORT: `${window.port}` }),
      });
      if (asked) await terminal.shows(asked);
      const review = await window.review();
      return { product, window, terminal, review, text: () => fs.readFileSync(product.file('report.sql'), 'utf8') };
    }

    test(`${version}: what the reviewer approves is what is written, line ends and all`, { timeout: 120_000 }, async (t) => {
      const { product, window, terminal, review, text } = await ask(t);
      assert.deepEqual([review.door, review.path, review.before, review.after], ['openDiff', product.file('report.sql'), before, proposed]);
      assert.ok(review.sessionId || version === '2.1.112', 'the call the hook saw is named');
      assert.equal(text(), before);

      assert.equal((await window.verdict(review.id, 'approve')).result, 'accepted');
      await terminal.shows(/All done now/, { since: terminal.text.search(question) });
      assert.equal(text(), proposed);
      assert.equal(window.opened.length, 1, 'asked once');
    });

    test(`${version}: what the reviewer makes of it is what is written, and the model is told`, { timeout: 120_000 }, async (t) => {
      const { product, window, terminal, review, text } = await ask(t);
      const edited = 'select 9 as nine;\r\nselect 2;\r\n';
      assert.equal((await window.verdict(review.id, 'approveEdited', { text: edited })).result, 'accepted');
      await terminal.shows(/All done now/, { since: terminal.text.search(question) });
      assert.equal(text(), edited);
      assert.match((await product.toolResults()).at(-1).text, /modified your proposed/);
    });

    test(`${version}: what the reviewer rejects is not written`, { timeout: 120_000 }, async (t) => {
      const { product, window, terminal, review, text } = await ask(t);
      const since = terminal.text.length;
      assert.equal((await window.verdict(review.id, 'reject', { reason: 'Not today.' })).result, 'accepted');
      await terminal.shows(/rejected|Interrupted|What should Claude do instead/i, { since });
      assert.equal(text(), before);

      // The protocol has no place for a reason; with a hook the next prompt carries it.
      if (version === '2.1.112') return;
      terminal.type('Then what?');
      await terminal.shows(/Then what\?/, { since });
      terminal.type('\r');
      await until('the reason to reach the model', async () => (await product.newestConversation()).includes('Not today.'));
    });

    test(`${version}: a window that closes while it is asked decides nothing, and the terminal asks on`, { timeout: 120_000 }, async (t) => {
      const { product, window, terminal, review, text } = await ask(t);
      await window.close();
      await until('the lock file to go', () => fs.readdirSync(path.join(product.home, '.claude', 'ide')).every((name) => !name.endsWith('.lock')));
      await product.verdict(review.id, { kind: 'approve', person: 'alice', reason: 'Too late for the client.' });
      assert.equal(text(), before, 'nobody asks any more, so nothing is written');

      terminal.type('1');
      await terminal.shows(/All done now/, { since: terminal.text.search(question) });
      assert.equal(text(), proposed);
    });

    test(`${version}: --ide in a terminal of ours beside another editor's window connects to ours and leaves the other alone`, { timeout: 120_000 }, async (t) => {
      const connections = [];
      const { product, window, terminal, review, text } = await ask(t, { args: ['--ide'], before: (late, started) => otherWindow(late, started, connections) });
      assert.deepEqual(connections, []);
      const locks = fs.readdirSync(path.join(product.home, '.claude', 'ide'));
      assert.equal(locks.length, 2, 'the other window keeps its lock file');
      assert.equal((await window.verdict(review.id, 'approve')).result, 'accepted');
      await terminal.shows(/All done now/, { since: terminal.text.search(question) });
      assert.equal(text(), proposed);
    });

    for (const [answer, key, expected] of [['yes', '1', proposed], ['no', '\u001b', before]]) {
      test(`${version}: a ${answer} in the terminal closes the review in the window`, { timeout: 120_000 }, async (t) => {
        const { product, window, terminal, review, text } = await ask(t);
        terminal.type(key);
        const closed = await until('the review to close', () => window.closed[0]);
        assert.deepEqual([closed.id, closed.state], [review.id, 'withdrawn']);
        if (answer === 'yes') await terminal.shows(/All done now/, { since: terminal.text.search(question) });
        assert.equal(text(), expected);
        assert.deepEqual(await product.reviews(), []);
      });
    }

    test(`${version}: what a person approved at the ${version === '2.1.112' ? 'stream' : 'hook'} is not asked again`, { timeout: 120_000 }, async (t) => {
      const content = 'drop table raw.shop.old_orders;\n';
      const turns = (product) => [[{ text: 'Cleaning up.' }, { tool: 'Write', input: { file_path: product.file('cleanup.sql'), content } }], { text: 'All done now.' }];
      const { product, window, terminal, review } = await ask(t, { turns, asked: null });
      assert.equal(review.door, version === '2.1.112' ? 'stream' : 'hook');
      assert.equal((await window.verdict(review.id, 'approve', { reason: 'Agreed.' })).result, 'accepted');

      await until('the file to be written', () => fs.existsSync(product.file('cleanup.sql')));
      await terminal.shows(/All done now[^"]/);
      assert.equal(fs.readFileSync(product.file('cleanup.sql'), 'utf8'), content);
      assert.equal(window.opened.length, 1, 'asked once');
    });
  });
}

/** Another extension's window on the same folder, as its lock file tells of it. */
async function otherWindow(t, product, connections) {
  const server = net.createServer((socket) => {
    connections.push(socket.remotePort);
    socket.destroy();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const lock = { pid: process.pid, workspaceFolders: [product.workspace], ideName: 'Visual Studio Code', transport: 'ws', runningInWindows: false, authToken: 'the-others-own' };
  fs.writeFileSync(path.join(product.home, '.claude', 'ide', `${server.address().port}.lock`), JSON.stringify(lock), { mode: 0o600 });
}
