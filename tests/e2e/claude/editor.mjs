// An editor window without an editor: the relay that VS Code starts, and what the extension says to it.
import { spawn } from 'node:child_process';
import rpc from 'vscode-jsonrpc/node.js';
import { programs } from '../../../scripts/lib/repository.mjs';
import { until } from '../harness.mjs';

export class EditorWindow {
  /** Reviews this window was shown and told the end of. */
  opened = [];
  closed = [];

  /** A window with the product's workspace open, and its door for Claude Code. */
  static async open(t, product) {
    const window = new EditorWindow();
    const relay = spawn(programs.host, ['editor'], { env: product.environment(), stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = new Promise((resolve) => relay.once('close', resolve));
    window.relay = relay;
    window.connection = rpc.createMessageConnection(new rpc.StreamMessageReader(relay.stdout), new rpc.StreamMessageWriter(relay.stdin));
    window.connection.onNotification('review/opened', (view) => window.opened.push(view));
    window.connection.onNotification('review/closed', (end) => window.closed.push(end));
    window.connection.onRequest('editor/openEditors', () => ({ editors: [] }));
    window.connection.onRequest('editor/diagnostics', () => ({ diagnostics: [] }));
    window.connection.onError(() => {});
    window.connection.listen();
    window.close = async () => {
      relay.stdin.end();
      await ended;
      window.connection.dispose();
    };
    t.after(() => relay.exitCode === null && window.close());
    await window.connection.sendRequest('initialize', { clientName: 'vscode', clientVersion: '0.1.0', protocolVersion: 1, processId: process.pid, workspaceFolders: [product.workspace] });
    window.port = (await window.connection.sendRequest('ide/open')).port;
    return window;
  }

  /** The next review this window is shown, beginning with the first. */
  async review(index = 0) {
    return until(`review ${index + 1}`, () => this.opened[index]);
  }

  verdict(id, kind, { text = null, reason = null } = {}) {
    return this.connection.sendRequest('review/verdict', { id, kind, text, reason });
  }
}
