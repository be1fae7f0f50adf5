import * as vscode from 'vscode';
import { CURRENT_SCHEME, MemoryFiles, openDocument, ownTabs, PROPOSED_SCHEME } from './documents';
import { diagnosticOf } from './findings';
import { documentName, label, remarks, summary } from './present';
import type { FindingView, ReviewView } from './protocol';
import { markdownOf, plain } from './text';
import { proposedText } from './verdict';

/** More findings than this start folded, so that they do not push the change off the screen. */
const UNFOLDED_FINDINGS = 3;

/** The two documents, the tab and the annotations of one review. */
export class ReviewDiff {
  readonly current: vscode.Uri;
  readonly proposed: vscode.Uri;
  private threads: vscode.CommentThread[] = [];

  /** @param draft what a person had typed before the window was reloaded. */
  constructor(
    private shown: ReviewView,
    private readonly files: MemoryFiles,
    private readonly surface: { comments: vscode.CommentController; diagnostics: vscode.DiagnosticCollection },
    draft?: string,
  ) {
    // The id stands in the path, not in the authority: VS Code lower-cases authorities.
    const view = shown;
    const path = `/${view.id}/${documentName(view)}`;
    this.current = vscode.Uri.from({ scheme: CURRENT_SCHEME, path });
    this.proposed = vscode.Uri.from({ scheme: PROPOSED_SCHEME, path });
    const decided = view.state !== 'pending';
    files.put(this.current, view.before ?? '', false);
    files.put(this.proposed, (decided ? undefined : draft) ?? proposedText(view) ?? summary(view), view.editable && !decided);
  }

  get view(): ReviewView {
    return this.shown;
  }

  /** What is known about the review has grown. Its documents stay: a reviewer may be writing in them. */
  update(view: ReviewView): void {
    this.shown = view;
  }

  /** The id of the review a document belongs to. */
  static idOf(uri: vscode.Uri): string | undefined {
    return uri.scheme === PROPOSED_SCHEME || uri.scheme === CURRENT_SCHEME ? uri.path.split('/')[1] : undefined;
  }

  /** What the reviewer's side says now: unsaved edits count, and so do edits saved before the tab was closed. */
  text(): string {
    return openDocument(this.proposed)?.getText() ?? this.files.text(this.proposed) ?? proposedText(this.view) ?? '';
  }

  get isOpen(): boolean {
    return this.tabs().length > 0;
  }

  get title(): string {
    const name = plain(documentName(this.view), 60);
    if (this.view.state !== 'pending') return `${name} (${this.view.state})`;
    return this.view.path ? `${name} (current ↔ proposed)` : `${plain(this.view.tool, 30)}: ${name} (proposed)`;
  }

  async open(options: { column: vscode.ViewColumn; preserveFocus: boolean }): Promise<void> {
    const shown = this.tabs()[0];
    await vscode.commands.executeCommand('vscode.diff', this.current, this.proposed, this.title, {
      preview: false, preserveFocus: options.preserveFocus, viewColumn: shown?.group.viewColumn ?? options.column,
    });
  }

  /** Findings as squiggles and Problems, and, where wanted, as comments with the summary on top. */
  annotate(withComments: boolean, locallyEdited: boolean): void {
    this.clearThreads();
    this.surface.diagnostics.set(this.proposed, this.view.findings.map((finding) => this.diagnostic(finding)));
    if (!withComments) return;
    const top = [summaryOf(this.view), ...remarks(this.view, locallyEdited).map((line) => `⚠ ${line}`)].join('\n');
    this.thread(new vscode.Range(0, 0, 0, 0), 'Why this waits for you', top, true);
    this.view.findings
      // What is a fact and no warning stands in the Problems list; as a comment it would push the change off the screen.
      .filter((finding) => finding.start >= 0 && finding.severity !== 'none')
      .forEach((finding, i) => this.thread(this.diagnostic(finding).range, `${finding.severity} · ${finding.ruleId}`, plain(finding.message, 400), i < UNFOLDED_FINDINGS));
  }

  /** Closes our tab without asking to save, and forgets the documents. */
  async close(): Promise<void> {
    this.clearThreads();
    this.surface.diagnostics.delete(this.proposed);
    const document = openDocument(this.proposed);
    if (document?.isDirty) await document.save();
    const tabs = this.tabs();
    if (tabs.length > 0) await vscode.window.tabGroups.close(tabs, true);
    this.files.drop(this.proposed);
    this.files.drop(this.current);
  }

  private tabs(): vscode.Tab[] {
    return ownTabs((modified) => modified.toString() === this.proposed.toString());
  }

  private diagnostic(finding: FindingView): vscode.Diagnostic {
    return diagnosticOf(proposedText(this.view) ?? '', finding);
  }

  private thread(range: vscode.Range, title: string, text: string, unfolded: boolean): void {
    const body = new vscode.MarkdownString(markdownOf(text.split('\n')));
    const thread = this.surface.comments.createCommentThread(this.proposed, range, [{ author: { name: 'EditorBridge' }, body, mode: vscode.CommentMode.Preview }]);
    thread.label = plain(title, 60);
    thread.canReply = false;
    thread.contextValue = this.view.state === 'pending' ? 'pendingReview' : 'decidedReview';
    thread.collapsibleState = unfolded ? vscode.CommentThreadCollapsibleState.Expanded : vscode.CommentThreadCollapsibleState.Collapsed;
    this.threads.push(thread);
  }

  private clearThreads(): void {
    for (const thread of this.threads) thread.dispose();
    this.threads = [];
  }
}

/** Findings with a place have their own comment; the summary names the others only. */
function summaryOf(view: ReviewView): string {
  return summary({ ...view, title: label(view), findings: view.findings.filter((finding) => finding.start < 0) });
}
