import * as vscode from 'vscode';
import { grantLabel, grantLines } from './present';
import { EditorMethods, type GrantsResult, type GrantView, type RevokeAnswer, type RevokeParams } from './protocol';
import type { Server } from './server';
import { markdownOf, plain } from './text';

/** What runs again without a question, in the side bar, where it can be taken back. The host keeps it; this shows it. */
export class SessionGrants implements vscode.TreeDataProvider<GrantView>, vscode.Disposable {
  private grants: readonly GrantView[] = [];
  private readonly changed = new vscode.EventEmitter<undefined>();
  private readonly view: vscode.TreeView<GrantView>;
  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly server: Server) {
    this.view = vscode.window.createTreeView('editorbridge.grants', { treeDataProvider: this });
    this.show({ grants: [] });
  }

  show({ grants }: GrantsResult): void {
    this.grants = grants;
    void vscode.commands.executeCommand('setContext', 'editorbridge.grantCount', grants.length);
    this.changed.fire(undefined);
  }

  async revoke(argument: unknown): Promise<void> {
    if (typeof argument !== 'object' || argument === null || !('id' in argument) || typeof argument.id !== 'string') return;
    try {
      const answer = await this.server.request<RevokeAnswer>(EditorMethods.RevokeGrant, { id: argument.id } satisfies RevokeParams);
      void vscode.window.setStatusBarMessage(`EditorBridge: ${plain(answer.message, 200)}`, 6000);
    } catch (e) {
      void vscode.window.showErrorMessage(`The session grant could not be revoked. ${plain(e instanceof Error ? e.message : String(e), 300)}`);
    }
  }

  getChildren(parent?: GrantView): GrantView[] {
    return parent ? [] : [...this.grants];
  }

  getTreeItem(grant: GrantView): vscode.TreeItem {
    const item = new vscode.TreeItem(grantLabel(grant));
    item.id = grant.id;
    item.description = `until ${new Date(grant.expiresAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}, ${usedOf(grant.uses)}`;
    item.tooltip = new vscode.MarkdownString(markdownOf(grantLines(grant)));
    item.contextValue = 'sessionGrant';
    item.iconPath = new vscode.ThemeIcon('run-all');
    return item;
  }

  dispose(): void {
    this.view.dispose();
    this.changed.dispose();
  }
}

function usedOf(uses: number): string {
  return uses === 0 ? 'not used yet' : uses === 1 ? 'used once' : `used ${uses} times`;
}
