import * as vscode from 'vscode';
import { sqlPath, SQL_FILES } from './analysis';
import { PROPOSED_SCHEME } from './documents';
import { documentName } from './present';
import { EditorMethods, type FixesResult, type FixParams, type FixView } from './protocol';
import type { Reviews } from './review';
import type { Server } from './server';
import { plain } from './text';

/** The light bulb at a finding, in files and on the editable side of a review. Which change answers it is the host's to know. */
export class QuickFixes implements vscode.CodeActionProvider {
  constructor(private readonly server: Server, private readonly reviews: Reviews) {}

  register(): vscode.Disposable {
    return vscode.languages.registerCodeActionsProvider([...SQL_FILES, { scheme: PROPOSED_SCHEME }], this, { providedCodeActionKinds: [vscode.CodeActionKind.QuickFix] });
  }

  async provideCodeActions(document: vscode.TextDocument, _range: vscode.Range, context: vscode.CodeActionContext, token: vscode.CancellationToken): Promise<vscode.CodeAction[]> {
    const ours = context.diagnostics.filter((diagnostic) => diagnostic.source === 'EditorBridge');
    const path = this.pathOf(document);
    if (ours.length === 0 || path === undefined || this.server.state !== 'ready') return [];
    const text = document.getText();
    const actions = new Map<string, vscode.CodeAction>();
    for (const diagnostic of ours) {
      const start = document.offsetAt(diagnostic.range.start);
      const params: FixParams = { path, text, start, length: document.offsetAt(diagnostic.range.end) - start };
      const { fixes } = await this.server.request<FixesResult>(EditorMethods.Fixes, params, token);
      // Several findings of one place can have the same answer.
      for (const fix of fixes.filter((each) => each.ruleId === diagnostic.code)) actions.set(JSON.stringify(fix.edits), this.action(document, diagnostic, fix));
    }
    return [...actions.values()];
  }

  private action(document: vscode.TextDocument, diagnostic: vscode.Diagnostic, fix: FixView): vscode.CodeAction {
    const action = new vscode.CodeAction(plain(fix.title, 120), vscode.CodeActionKind.QuickFix);
    action.diagnostics = [diagnostic];
    action.edit = new vscode.WorkspaceEdit();
    for (const edit of fix.edits)
      action.edit.replace(document.uri, new vscode.Range(document.positionAt(edit.start), document.positionAt(edit.start + edit.length)), edit.text);
    return action;
  }

  /** Undefined where nothing may be changed. */
  private pathOf(document: vscode.TextDocument): string | undefined {
    if (document.uri.scheme !== PROPOSED_SCHEME) return sqlPath(document);
    const view = this.reviews.view(this.reviews.idOf(document.uri));
    return view?.editable && view.state === 'pending' ? view.path ?? documentName(view) : undefined;
  }
}
