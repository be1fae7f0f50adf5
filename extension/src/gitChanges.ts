import * as path from 'node:path';
import * as vscode from 'vscode';
import type { SqlAnalysis } from './analysis';
import { openDocument } from './documents';
import { changeItem, changesTitle, riskOrder } from './present';
import type { StatementView } from './protocol';
import { positionAt } from './text';

// The part of the built-in Git extension's published API (version 1) that is used here.
interface GitApi {
  readonly repositories: GitRepository[];
  toGitUri(uri: vscode.Uri, ref: string): vscode.Uri;
}
interface GitRepository {
  readonly rootUri: vscode.Uri;
  readonly state: { readonly workingTreeChanges: GitChange[]; readonly indexChanges: GitChange[]; readonly untrackedChanges?: GitChange[] };
}
interface GitChange {
  readonly uri: vscode.Uri;
  readonly status: number;
}
const DELETED = new Set([2, 6]); // INDEX_DELETED, DELETED
const UNTRACKED = 7;

interface ChangedFile {
  uri: vscode.Uri;
  head: vscode.Uri;
  text: string;
  statements: StatementView[];
}

/** Reviews the SQL of the changes that are not committed: all of it in one diff, and a list with the riskiest first. */
export async function reviewGitChanges(analysis: SqlAnalysis): Promise<void> {
  const git = await gitApi();
  if (!git || git.repositories.length === 0) {
    void vscode.window.showInformationMessage('There is no Git repository in this window, or the built-in Git extension is switched off.');
    return;
  }
  const files = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: 'Reading the SQL in your Git changes' }, () => changedSql(git, analysis));
  if (files.length === 0) {
    void vscode.window.showInformationMessage('Your Git changes touch no SQL.');
    return;
  }
  const changes = files.map((file) => [file.uri, file.head, file.uri]);
  await vscode.commands.executeCommand('vscode.changes', `SQL changed since HEAD (${files.length})`, changes);
  await showList(files);
}

async function changedSql(git: GitApi, analysis: SqlAnalysis): Promise<ChangedFile[]> {
  const found: ChangedFile[] = [];
  for (const repository of git.repositories) {
    const { workingTreeChanges, indexChanges, untrackedChanges } = repository.state;
    const changes = new Map([...indexChanges, ...workingTreeChanges, ...(untrackedChanges ?? [])].map((change) => [change.uri.toString(), change]));
    for (const { uri, status } of changes.values()) {
      if (DELETED.has(status)) continue;
      const text = openDocument(uri)?.getText() ?? new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
      const { statements } = await analysis.analyze(uri.fsPath, text);
      const head = status === UNTRACKED ? uri.with({ scheme: 'untitled', path: '/(not in HEAD)' }) : git.toGitUri(uri, 'HEAD');
      if (statements.length > 0) found.push({ uri, head, text, statements });
    }
  }
  return found;
}

async function showList(files: ChangedFile[]): Promise<void> {
  const entries = files
    .flatMap((file) => file.statements.map((statement) => ({ file, statement })))
    .sort((a, b) => riskOrder(b.statement) - riskOrder(a.statement))
    .map(({ file, statement }) => ({ ...changeItem(statement, path.basename(file.uri.fsPath)), file, statement }));
  const chosen = await vscode.window.showQuickPick(entries, { title: changesTitle(entries.map((entry) => entry.statement)), placeHolder: 'Choose a statement to go to it', matchOnDescription: true });
  if (!chosen) return;
  const at = positionAt(chosen.file.text, chosen.statement.start);
  await vscode.window.showTextDocument(chosen.file.uri, { selection: new vscode.Range(at.line, at.character, at.line, at.character) });
}

async function gitApi(): Promise<GitApi | undefined> {
  const extension = vscode.extensions.getExtension<{ getAPI(version: 1): GitApi }>('vscode.git');
  if (!extension) return undefined;
  const exports = extension.isActive ? extension.exports : await extension.activate();
  return exports.getAPI(1);
}

/** The file as Git's HEAD has it; null when it is new there, or there is no Git. */
export async function headText(uri: vscode.Uri): Promise<string | null> {
  const git = await gitApi();
  if (!git || git.repositories.length === 0) return null;
  try {
    return (await vscode.workspace.openTextDocument(git.toGitUri(uri, 'HEAD'))).getText();
  } catch {
    return null; // not in HEAD
  }
}
