import * as vscode from 'vscode';
import type { HostStatusParams, NoticeView } from './protocol';
import type { Server } from './server';
import { markdownOf, plain } from './text';

/** The status bar entry and the language status item: is EditorBridge there, and is somebody waiting? */
export class Status implements vscode.Disposable {
  private readonly bar = vscode.window.createStatusBarItem('editorbridge.status', vscode.StatusBarAlignment.Left, 100);
  private readonly language = vscode.languages.createLanguageStatusItem('editorbridge.language', [{ language: 'sql' }, { language: 'jinja-sql' }, { pattern: '**/*.sql' }]);
  private host: HostStatusParams | undefined;
  private pending = 0;
  private notices: NoticeView[] = [];

  constructor(private readonly server: Server) {
    this.bar.name = 'EditorBridge';
    this.language.name = 'EditorBridge';
    this.language.command = { command: 'editorbridge.showLog', title: 'Show Log' };
    this.render();
    this.bar.show();
  }

  /** What the host says of itself while the relay runs on: it may be restarting. */
  hostStatus(status: HostStatusParams): void {
    this.host = status;
    this.render();
  }

  serverChanged(): void {
    this.host = undefined;
    this.render();
  }

  pendingChanged(count: number): void {
    this.pending = count;
    this.render();
  }

  /** What stands in the way of the work or will soon: the account, the budgets. */
  noticesChanged(notices: NoticeView[]): void {
    this.notices = notices;
    this.render();
  }

  dispose(): void {
    this.bar.dispose();
    this.language.dispose();
  }

  /** The state people see: the relay's, unless the relay runs and its host does not. */
  private shown(): { state: 'starting' | 'ready' | 'failed' | 'stopped'; detail: string } {
    if (this.server.state === 'ready' && this.host && this.host.state !== 'ready')
      return { state: this.host.state === 'failed' ? 'failed' : 'starting', detail: this.host.message };
    return { state: this.server.state, detail: this.server.detail };
  }

  private render(): void {
    const { state, detail } = this.shown();
    const { info } = this.server;
    const waiting = state === 'ready' && this.pending > 0;
    const worst = state === 'ready' ? this.notices.find((notice) => notice.level !== 'info') : undefined;
    this.bar.text = state === 'starting' ? '$(sync~spin) EditorBridge'
      : state !== 'ready' ? '$(error) EditorBridge'
      : waiting ? `$(bell-dot) ${this.pending} to review`
      : worst ? `${worst.level === 'error' ? '$(error)' : '$(warning)'} EditorBridge`
      : info?.sandbox ? '$(shield) EditorBridge (sandbox)' : '$(shield) EditorBridge';
    this.bar.accessibilityInformation = { label: `EditorBridge: ${waiting ? `${this.pending} to review` : worst ? plain(worst.text, 200) : state}` };
    this.bar.command = waiting ? 'editorbridge.nextReview' : 'editorbridge.menu';
    this.bar.backgroundColor = state === 'failed' || (!waiting && worst?.level === 'error') ? new vscode.ThemeColor('statusBarItem.errorBackground')
      : waiting || worst ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.bar.tooltip = this.tooltip(state, detail);
    this.language.text = waiting ? `EditorBridge: ${this.pending} to review` : `EditorBridge: ${state}`;
    this.language.detail = plain(detail, 120) || (info ? `${info.serverVersion}${info.sandbox ? ', sandbox account' : ''}` : '');
    this.language.busy = state === 'starting';
    this.language.severity = state === 'failed' ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
    void vscode.commands.executeCommand('setContext', 'editorbridge.ready', state === 'ready');
    void vscode.commands.executeCommand('setContext', 'editorbridge.state', state);
  }

  private tooltip(state: string, detail: string): vscode.MarkdownString {
    const { info } = this.server;
    const lines = [
      `EditorBridge ${info?.serverVersion ?? ''} is ${state}`,
      detail && plain(detail, 300),
      info && `Account: ${plain(info.account, 80)}${info.sandbox ? ' (sandbox, not a real account)' : ''}`,
      info && `Proxy: ${info.baseUrl}`,
      state === 'failed' && 'Actions that need a review are refused meanwhile.',
      ...(state === 'ready' ? this.notices.map((notice) => `${notice.level === 'info' ? '' : `${notice.level}: `}${plain(notice.text, 400)}${notice.fix ? ` Mend it with: ${plain(notice.fix, 300)}` : ''}`) : []),
    ];
    return new vscode.MarkdownString(markdownOf(lines.filter((line) => typeof line === 'string' && line !== '') as string[]));
  }
}
