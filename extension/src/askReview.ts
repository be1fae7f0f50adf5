import * as path from 'node:path';
import * as vscode from 'vscode';
import { headText } from './gitChanges';
import { type AskReviewParams, type AskReviewResult, EditorMethods } from './protocol';
import type { Server } from './server';
import { plain } from './text';

/** Puts the changes of the file in front to a person, the way an agent's are, and tells what became of it. */
export async function askForReview(server: Server): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.uri.scheme !== 'file') {
    void vscode.window.showInformationMessage('Open the file that a person should review, then ask again.');
    return;
  }
  const name = path.basename(document.uri.fsPath);
  const params: AskReviewParams = { path: document.uri.fsPath, before: await headText(document.uri), after: document.getText() };
  if (params.before === params.after) {
    void vscode.window.showInformationMessage(`${name} has no changes since HEAD.`);
    return;
  }
  const title = `${name} waits for a review`;
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, async (_, token) => {
    try {
      const { approved, message } = await server.request<AskReviewResult>(EditorMethods.AskReview, params, token);
      if (token.isCancellationRequested) return;
      void (approved ? vscode.window.showInformationMessage(`${name}: ${plain(message)}`) : vscode.window.showWarningMessage(`${name}: ${plain(message)}`));
    } catch (e) {
      if (!token.isCancellationRequested) void vscode.window.showErrorMessage(`${name} was not reviewed: ${e instanceof Error ? e.message : String(e)}`);
    }
  });
}
