import * as vscode from 'vscode';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import {
  type DiagnosticsParams, type DiagnosticsResult, type DocumentParams, type DocumentStateResult, EditorMethods, type IdeDoorResult,
  type OpenEditorsResult, type OpenFileParams, type SelectionParams,
} from './protocol';
import type { Server } from './server';
import { readSettings } from './settings';

const SELECTION_PAUSE_MS = 200;
/** What is longer is not a selection to talk about; the host cuts further. */
const LONGEST_SELECTION = 20_000;
const MOST_DIAGNOSTICS = 500;

/** This window's side of Claude Code's IDE protocol: the host speaks it, and asks here for what only the editor knows. */
export class ClaudeIde implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[] = [];
  private pause: NodeJS.Timeout | undefined;
  /** Of this window's door; undefined while it has none. */
  port: number | undefined;

  constructor(private readonly server: Server, private readonly log: vscode.LogOutputChannel) {
    this.subscriptions.push(
      vscode.window.onDidChangeTextEditorSelection((e) => this.selected(e.textEditor)),
      vscode.window.onDidChangeActiveTextEditor((editor) => editor && this.selected(editor)),
    );
  }

  /** Answers what the host asks on a new connection. */
  wire(connection: MessageConnection): void {
    connection.onRequest(EditorMethods.OpenEditors, (): OpenEditorsResult => ({ editors: readSettings().claude.shareContext ? openEditors() : [] }));
    connection.onRequest(EditorMethods.Diagnostics, (params: DiagnosticsParams): DiagnosticsResult => ({ diagnostics: readSettings().claude.shareContext ? diagnostics(params.path) : [] }));
    connection.onRequest(EditorMethods.OpenFile, (params: OpenFileParams) => openFile(params));
    connection.onRequest(EditorMethods.DocumentState, (params: DocumentParams) => state(document(params.path), false));
    connection.onRequest(EditorMethods.SaveDocument, async (params: DocumentParams) => {
      const open = document(params.path);
      return state(open, (await open?.save()) ?? false);
    });
  }

  /** The door follows the backend and the setting. */
  async update(): Promise<void> {
    this.port = undefined;
    if (this.server.state !== 'ready') return;
    try {
      if (readSettings().claude.connect) this.port = (await this.server.request<IdeDoorResult>(EditorMethods.OpenIdeDoor)).port;
      else await this.server.request(EditorMethods.CloseIdeDoor);
    } catch (e) {
      this.log.warn(`Claude Code cannot connect to this window: ${e instanceof Error ? e.message : String(e)}`);
    }
  }

  /** Names the file, or the selected lines of it, in the prompt of a connected Claude Code. */
  mention(): void {
    const editor = vscode.window.activeTextEditor;
    if (!editor || editor.document.uri.scheme !== 'file') return;
    if (this.port === undefined) {
      void vscode.window.showInformationMessage('Claude Code cannot connect to this window: the setting editorbridge.claude.connect is off, or EditorBridge is not running.');
      return;
    }
    const { selection } = editor;
    // A selection that ends before the first character of a line does not show that line.
    const last = selection.end.character === 0 && selection.end.line > selection.start.line ? selection.end.line - 1 : selection.end.line;
    this.server.notify(EditorMethods.Mentioned, {
      path: editor.document.uri.fsPath, startLine: selection.isEmpty ? null : selection.start.line, endLine: selection.isEmpty ? null : last,
    });
  }

  dispose(): void {
    clearTimeout(this.pause);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private selected(editor: vscode.TextEditor): void {
    if (this.port === undefined || editor.document.uri.scheme !== 'file' || !readSettings().claude.shareContext) return;
    clearTimeout(this.pause);
    this.pause = setTimeout(() => {
      const { document: { uri }, selection: { start, end } } = editor;
      const params: SelectionParams = {
        path: uri.fsPath, text: editor.document.getText(editor.selection).slice(0, LONGEST_SELECTION),
        startLine: start.line, startCharacter: start.character, endLine: end.line, endCharacter: end.character,
      };
      this.server.notify(EditorMethods.SelectionChanged, params);
    }, SELECTION_PAUSE_MS);
  }
}

function openEditors(): OpenEditorsResult['editors'] {
  const active = vscode.window.activeTextEditor?.document.uri.toString();
  const uris = vscode.window.tabGroups.all.flatMap((group) => group.tabs).flatMap((tab) => (tab.input instanceof vscode.TabInputText && tab.input.uri.scheme === 'file' ? [tab.input.uri] : []));
  return [...new Map(uris.map((uri) => [uri.toString(), uri])).values()].map((uri) => {
    const open = document(uri.fsPath);
    return { path: uri.fsPath, languageId: open?.languageId ?? '', active: uri.toString() === active, dirty: open?.isDirty ?? false };
  });
}

function diagnostics(path: string | null): DiagnosticsResult['diagnostics'] {
  const files = path === null ? vscode.languages.getDiagnostics() : [[vscode.Uri.file(path), vscode.languages.getDiagnostics(vscode.Uri.file(path))] as const];
  return files.filter(([uri]) => uri.scheme === 'file').flatMap(([uri, found]) => found.map(({ severity, message, source, code, range: { start, end } }) => ({
    path: uri.fsPath, severity: ['Error', 'Warning', 'Info', 'Hint'][severity] ?? 'Info', message, source: source ?? null,
    code: code === undefined ? null : String(typeof code === 'object' ? code.value : code),
    startLine: start.line, startCharacter: start.character, endLine: end.line, endCharacter: end.character,
  }))).slice(0, MOST_DIAGNOSTICS);
}

async function openFile({ path, startText, endText, preview }: OpenFileParams): Promise<null> {
  const open = await vscode.workspace.openTextDocument(vscode.Uri.file(path));
  const text = open.getText();
  const start = startText ? text.indexOf(startText) : -1;
  const end = start >= 0 && endText ? text.indexOf(endText, start) : -1;
  const until = end >= 0 ? end + (endText?.length ?? 0) : start + (startText?.length ?? 0);
  await vscode.window.showTextDocument(open, { preview, preserveFocus: true, ...(start >= 0 ? { selection: new vscode.Range(open.positionAt(start), open.positionAt(until)) } : {}) });
  return null;
}

function document(path: string): vscode.TextDocument | undefined {
  const wanted = vscode.Uri.file(path).toString();
  return vscode.workspace.textDocuments.find((each) => each.uri.toString() === wanted);
}

function state(open: vscode.TextDocument | undefined, saved: boolean): DocumentStateResult {
  return { open: open !== undefined, dirty: open?.isDirty ?? false, saved: saved && open !== undefined && !open.isDirty };
}
