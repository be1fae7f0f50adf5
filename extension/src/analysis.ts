import * as path from 'node:path';
import * as vscode from 'vscode';
import { diagnosticOf } from './findings';
import { findingText, statementLens, statementLines } from './present';
import { type AnalyzeResult, EditorMethods } from './protocol';
import type { Server } from './server';
import { readSettings } from './settings';
import { markdownOf } from './text';

/** SQL files, dbt models and untitled SQL; the sides of a review have their findings from the review itself. */
export const SQL_FILES: vscode.DocumentFilter[] = ['file', 'untitled'].flatMap((scheme) => [
  { scheme, pattern: '**/*.sql' }, { scheme, language: 'sql' }, { scheme, language: 'jinja-sql' }, { scheme, language: 'snowflake-sql' },
]);

const PAUSE_AFTER_TYPING_MS = 250;

interface Analysis {
  version: number;
  text: string;
  result: AnalyzeResult;
}

/** What the host's analyser says of the SQL in open editors: squiggles, hovers, a lens above each statement. Not one rule is known here. */
export class SqlAnalysis implements vscode.Disposable, vscode.HoverProvider, vscode.CodeLensProvider {
  private readonly known = new Map<string, Analysis>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly diagnostics = vscode.languages.createDiagnosticCollection('editorbridge.sql');
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;
  private readonly subscriptions: { dispose(): unknown }[];

  constructor(private readonly server: Server, private readonly log: vscode.LogOutputChannel) {
    this.subscriptions = [
      this.diagnostics, this.changed,
      vscode.languages.registerHoverProvider(SQL_FILES, this),
      vscode.languages.registerCodeLensProvider(SQL_FILES, this),
      vscode.workspace.onDidOpenTextDocument((document) => this.plan(document, 0)),
      vscode.workspace.onDidChangeTextDocument((e) => this.plan(e.document, PAUSE_AFTER_TYPING_MS)),
      vscode.workspace.onDidCloseTextDocument((document) => this.forget(document.uri)),
    ];
  }

  /** The backend or the settings changed: what was known may be wrong. */
  refresh(): void {
    for (const document of vscode.workspace.textDocuments) this.plan(document, 0);
  }

  provideHover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
    const analysis = this.of(document);
    if (!analysis) return undefined;
    const at = document.offsetAt(position);
    const holds = (span: { start: number; length: number }): boolean => at >= span.start && at <= span.start + span.length;
    // The innermost statement: a block's own lines say less than the statement inside it.
    const [statement] = analysis.result.statements.filter(holds).sort((a, b) => a.length - b.length);
    if (!statement) return undefined;
    const findings = analysis.result.findings.filter(holds);
    const lines = [...statementLines(statement), ...findings.map((finding) => `${finding.severity}: ${findingText(finding)}`)];
    return new vscode.Hover(new vscode.MarkdownString(markdownOf(lines)));
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const analysis = this.of(document);
    if (!analysis || !readSettings().analysis.codeLens) return [];
    return analysis.result.statements.map((statement) => {
      const at = document.positionAt(statement.start);
      return new vscode.CodeLens(new vscode.Range(at, at), { title: statementLens(statement), command: '' });
    });
  }

  /** Analyses a text that is not an open document: one side of a git change. */
  analyze(file: string, text: string): Promise<AnalyzeResult> {
    return this.server.request<AnalyzeResult>(EditorMethods.AnalyzeSql, { path: file, text });
  }

  dispose(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private of(document: vscode.TextDocument): Analysis | undefined {
    const analysis = this.known.get(document.uri.toString());
    return analysis?.version === document.version ? analysis : undefined;
  }

  private plan(document: vscode.TextDocument, pause: number): void {
    if (vscode.languages.match(SQL_FILES, document) === 0) return;
    const key = document.uri.toString();
    clearTimeout(this.timers.get(key));
    this.timers.set(key, setTimeout(() => void this.run(document), pause));
  }

  private async run(document: vscode.TextDocument): Promise<void> {
    this.timers.delete(document.uri.toString());
    if (document.isClosed || this.server.state !== 'ready') return;
    if (!readSettings().analysis.diagnostics && !readSettings().analysis.codeLens) {
      this.forget(document.uri);
      return;
    }
    const { version } = document;
    const text = document.getText();
    try {
      const result = await this.analyze(sqlPath(document), text);
      // A later edit has its own run; a closed document has none.
      if (document.version !== version || !vscode.workspace.textDocuments.includes(document)) return;
      this.known.set(document.uri.toString(), { version, text, result });
      this.diagnostics.set(document.uri, readSettings().analysis.diagnostics ? result.findings.map((finding) => diagnosticOf(text, finding)) : []);
      this.changed.fire();
    } catch (e) {
      this.log.debug(`${document.uri.fsPath} was not analysed: ${e instanceof Error ? e.message : String(e)}`);
    }
  }

  private forget(uri: vscode.Uri): void {
    clearTimeout(this.timers.get(uri.toString()));
    this.timers.delete(uri.toString());
    this.known.delete(uri.toString());
    this.diagnostics.delete(uri);
    this.changed.fire();
  }
}

/** The host tells a file's kind by its name; an untitled SQL document has none that says so. */
export function sqlPath(document: vscode.TextDocument): string {
  const file = document.uri.fsPath;
  return path.extname(file).toLowerCase() === '.sql' ? file : `${file}.sql`;
}
