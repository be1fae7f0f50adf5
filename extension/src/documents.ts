import * as vscode from 'vscode';

/** The two sides of a review. Both are virtual, so the real file is never opened, dirtied or half-written, and closing a tab touches nothing. */
export const PROPOSED_SCHEME = 'editorbridge-proposed';
export const CURRENT_SCHEME = 'editorbridge-current';

interface MemoryFile {
  data: Uint8Array;
  mtime: number;
  editable: boolean;
}

/** Files in memory. A FileSystemProvider, because the documents of a TextDocumentContentProvider cannot be edited. */
export class MemoryFiles implements vscode.FileSystemProvider {
  private readonly files = new Map<string, MemoryFile>();
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.changed.event;
  private clock = 1;

  put(uri: vscode.Uri, text: string, editable: boolean): void {
    this.set(uri, new TextEncoder().encode(text), editable);
  }

  text(uri: vscode.Uri): string | undefined {
    const file = this.files.get(uri.toString());
    return file && new TextDecoder('utf-8', { ignoreBOM: true }).decode(file.data);
  }

  drop(uri: vscode.Uri): void {
    if (this.files.delete(uri.toString())) this.changed.fire([{ type: vscode.FileChangeType.Deleted, uri }]);
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  stat(uri: vscode.Uri): vscode.FileStat {
    const file = this.get(uri);
    const stat = { type: vscode.FileType.File, ctime: 0, mtime: file.mtime, size: file.data.byteLength };
    return file.editable ? stat : { ...stat, permissions: vscode.FilePermission.Readonly };
  }

  readFile(uri: vscode.Uri): Uint8Array {
    return this.get(uri).data;
  }

  writeFile(uri: vscode.Uri, content: Uint8Array): void {
    if (!this.get(uri).editable) throw vscode.FileSystemError.NoPermissions(uri);
    this.set(uri, content, true);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  private get(uri: vscode.Uri): MemoryFile {
    const file = this.files.get(uri.toString());
    if (!file) throw vscode.FileSystemError.FileNotFound(uri);
    return file;
  }

  private set(uri: vscode.Uri, data: Uint8Array, editable: boolean): void {
    this.files.set(uri.toString(), { data, mtime: this.clock++, editable });
    this.changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }
}

/** Tabs that show documents of ours: nobody else's tab is ever closed. */
export function ownTabs(matches: (modified: vscode.Uri) => boolean): vscode.Tab[] {
  return vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter((tab) => {
      const uri = tab.input instanceof vscode.TabInputTextDiff ? tab.input.modified : tab.input instanceof vscode.TabInputText ? tab.input.uri : undefined;
      return uri !== undefined && (uri.scheme === PROPOSED_SCHEME || uri.scheme === CURRENT_SCHEME) && matches(uri);
    });
}

/** The open document of an address, if an editor has one. */
export function openDocument(uri: vscode.Uri): vscode.TextDocument | undefined {
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
}
