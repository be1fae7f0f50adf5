import * as vscode from 'vscode';
import { CURRENT_SCHEME, MemoryFiles, ownTabs, PROPOSED_SCHEME } from './documents';
import { decisionWord, documentName, label } from './present';
import { EditorMethods, type ReviewClosedParams, type ReviewsResult, type ReviewView, type VerdictAnswer, type VerdictParams } from './protocol';
import type { Drafts } from './drafts';
import { ReviewDiff } from './reviewDiff';
import type { Server } from './server';
import { readSettings } from './settings';
import { plain } from './text';
import { approval, approvalAgain, isEdited, placement, rejection } from './verdict';

const MAX_RECENT = 50;
const ALL_TITLE = 'EditorBridge: pending changes';

/** The reviews of this window: what waits, what was decided, and the diff of each. The host decides what a verdict means; this shows and asks. */
export class Reviews implements vscode.Disposable {
  private readonly waiting = new Map<string, ReviewDiff>();
  private readonly answering = new Set<string>();
  private readonly decided = new Map<string, ReviewDiff>();
  private recentViews: ReviewView[] = [];
  private openingByItself = false;
  private closing = Promise.resolve();
  private readonly files = new MemoryFiles();
  private readonly surface = {
    comments: vscode.comments.createCommentController('editorbridge', 'EditorBridge'),
    diagnostics: vscode.languages.createDiagnosticCollection('editorbridge.reviews'),
  };
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly began = new vscode.EventEmitter<ReviewView>();
  private readonly subscriptions: { dispose(): unknown }[];
  readonly onDidChange = this.changed.event;
  readonly onDidBegin = this.began.event;

  constructor(private readonly server: Server, private readonly drafts: Drafts, private readonly log: vscode.LogOutputChannel) {
    this.subscriptions = [
      this.changed, this.began, this.surface.comments, this.surface.diagnostics,
      vscode.workspace.registerFileSystemProvider(PROPOSED_SCHEME, this.files, { isCaseSensitive: true }),
      vscode.workspace.registerFileSystemProvider(CURRENT_SCHEME, this.files, { isCaseSensitive: true, isReadonly: true }),
      vscode.workspace.onDidChangeTextDocument((e) => this.documentChanged(e)),
      vscode.workspace.onDidSaveTextDocument((document) => this.localEditsChanged(document)),
      vscode.window.tabGroups.onDidChangeTabs(() => this.updateContext()),
      vscode.window.tabGroups.onDidChangeTabGroups(() => this.updateContext()),
    ];
    // A reloaded window brings its tabs back, but not the documents behind them. What still waits is opened anew.
    const stale = ownTabs(() => true);
    if (stale.length > 0) void vscode.window.tabGroups.close(stale, true);
    this.updateContext();
  }

  get pending(): ReviewView[] {
    return [...this.waiting.values()].map((review) => review.view);
  }

  get recent(): readonly ReviewView[] {
    return this.recentViews;
  }

  /** Makes this window agree with the host's list: after a start, and after the connection was lost. */
  sync(list: ReviewsResult): void {
    const still = new Set(list.pending.map((view) => view.id));
    for (const id of [...this.waiting.keys()].filter((known) => !still.has(known))) {
      const past = list.recent.find((view) => view.id === id);
      this.closed({ id, state: past?.state ?? 'expired', decidedBy: past?.decidedBy ?? null, reason: past?.decidedReason ?? null });
    }
    this.recentViews = list.recent.slice(0, MAX_RECENT);
    for (const view of list.pending) this.opened(view);
    void this.drafts.keepOnly(still);
    this.changed.fire();
  }

  opened(view: ReviewView): void {
    if (this.waiting.has(view.id)) return;
    const draft = view.editable ? this.drafts.get(view.id) : undefined;
    const review = new ReviewDiff(view, this.files, this.surface, draft);
    if (draft !== undefined) this.log.info(`Review ${view.id} goes on with what was typed before the window was reloaded`);
    this.waiting.set(view.id, review);
    this.log.info(`Review ${view.id} waits: ${label(view)}`);
    review.annotate(readSettings().review.comments, hasLocalEdits(view));
    this.changed.fire();
    this.began.fire(view);
    void this.openByItself(review);
  }

  /** Something was found out about a review that waits: its texts stay as they are, what is said about them grows. */
  updated(view: ReviewView): void {
    const review = this.waiting.get(view.id);
    if (!review) return;
    review.update(view);
    review.annotate(readSettings().review.comments, hasLocalEdits(view));
    this.changed.fire();
  }

  closed(params: ReviewClosedParams): void {
    const review = this.waiting.get(params.id);
    if (!review) return;
    this.waiting.delete(params.id);
    void this.drafts.set(params.id, undefined);
    this.log.info(`Review ${params.id}: ${params.state}`);
    this.recentViews = [{ ...review.view, state: params.state, decidedBy: params.decidedBy, decidedReason: params.reason }, ...this.recentViews].slice(0, MAX_RECENT);
    const who = params.decidedBy ? ` by ${plain(params.decidedBy, 60)}` : '';
    void vscode.window.setStatusBarMessage(`${decisionWord(params.state)}${who}: ${plain(documentName(review.view), 60)}`, 6000);
    this.changed.fire();
    // One after another: what follows a review may itself be decided in the same moment.
    this.closing = this.closing.then(() => this.afterClose(review)).catch((e: unknown) => this.log.error(`The diff of ${params.id} could not be closed: ${e instanceof Error ? e.message : String(e)}`));
  }

  /** Opens the diff for somebody who asked for it: with the focus. */
  async show(id: string): Promise<void> {
    const review = this.waiting.get(id) ?? this.decidedDiff(id);
    if (!review) {
      void vscode.window.showInformationMessage('That review is no longer known here.');
      return;
    }
    await review.open({ column: vscode.ViewColumn.Active, preserveFocus: false });
  }

  /** The next review after the one in front, in the order they came. */
  async showNext(): Promise<void> {
    const ids = [...this.waiting.keys()];
    const at = ids.indexOf(this.activeId() ?? '');
    const next = ids[(at + 1) % Math.max(1, ids.length)];
    if (next) await this.show(next);
    else void vscode.window.setStatusBarMessage('EditorBridge: nothing waits for review.', 4000);
  }

  async showAll(): Promise<void> {
    const changes = [...this.waiting.values()].map((review) => [review.proposed, review.current, review.proposed]);
    if (changes.length > 0) await vscode.commands.executeCommand('vscode.changes', ALL_TITLE, changes);
  }

  async accept(id: string | undefined): Promise<void> {
    const review = this.find(id);
    if (!review) return;
    const { view } = review;
    const reason = view.reasonRequired ? await askReason(view, 'Why may this run?', true) : null;
    if (reason === undefined) return;
    await this.give(review, approval(view, review.text(), reason));
  }

  async acceptAsProposed(id: string | undefined): Promise<void> {
    const review = this.find(id);
    if (!review) return;
    const reason = review.view.reasonRequired ? await askReason(review.view, 'Why may this run?', true) : null;
    if (reason === undefined) return;
    await this.give(review, { id: review.view.id, kind: 'approve', text: null, reason, againForSession: false });
  }

  /** Says first what "the same" would be: one click lets many actions run. */
  async acceptForSession(id: string | undefined): Promise<void> {
    const review = this.find(id);
    if (!review) return;
    const { view } = review;
    if (view.sameAgain === null) {
      void vscode.window.showInformationMessage('"The same again in this session" is not offered for this action: each one needs a verdict of its own.');
      return;
    }
    const yes = 'Accept for This Session';
    const answer = await vscode.window.showWarningMessage('Accept this, and let the same run again without a question?', { modal: true, detail: `${plain(view.sameAgain, 600)}. It ends after an hour, with the session, or when you revoke it.` }, yes);
    if (answer !== yes) return;
    const reason = view.reasonRequired ? await askReason(view, 'Why may this run?', true) : null;
    if (reason === undefined) return;
    await this.give(review, approvalAgain(view, reason));
  }

  /** Escape in the box decides nothing; an empty reason is one where policy does not ask for more. */
  async reject(id: string | undefined): Promise<void> {
    const review = this.find(id);
    if (!review) return;
    const reason = await askReason(review.view, 'Why not? The agent is told.', review.view.reasonRequired);
    if (reason === undefined) return;
    await this.give(review, rejection(review.view, reason === '' ? null : reason));
  }

  /** The review a command means: from a tree row or a comment, a title button's address, or the diff in front. */
  idOf(argument: unknown): string | undefined {
    if (argument instanceof vscode.Uri) return ReviewDiff.idOf(argument) ?? this.activeId();
    if (typeof argument === 'object' && argument !== null) {
      if ('uri' in argument && argument.uri instanceof vscode.Uri) return ReviewDiff.idOf(argument.uri);
      if ('id' in argument && typeof argument.id === 'string') return argument.id;
    }
    return typeof argument === 'string' ? argument : this.activeId();
  }

  view(id: string | undefined): ReviewView | undefined {
    if (id === undefined) return undefined;
    return this.waiting.get(id)?.view ?? this.recentViews.find((view) => view.id === id);
  }

  settingsChanged(): void {
    for (const review of this.waiting.values()) review.annotate(readSettings().review.comments, hasLocalEdits(review.view));
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  private find(id: string | undefined): ReviewDiff | undefined {
    const review = id === undefined ? undefined : this.waiting.get(id);
    if (!review) void vscode.window.setStatusBarMessage('EditorBridge: that review is already decided.', 4000);
    return review;
  }

  private async give(review: ReviewDiff, verdict: VerdictParams): Promise<void> {
    if (this.answering.has(verdict.id)) return;
    this.answering.add(verdict.id);
    try {
      const answer = await this.server.request<VerdictAnswer>(EditorMethods.GiveVerdict, verdict);
      this.log.info(`Verdict ${verdict.kind} on ${verdict.id}: ${answer.result}`);
      await this.answered(review, verdict, answer);
    } catch (e) {
      void vscode.window.showErrorMessage(`EditorBridge did not take the verdict, so nothing was decided. ${plain(e instanceof Error ? e.message : String(e), 300)}`);
    } finally {
      this.answering.delete(verdict.id);
    }
  }

  private async answered(review: ReviewDiff, verdict: VerdictParams, answer: VerdictAnswer): Promise<void> {
    const { view } = review;
    switch (answer.result) {
      case 'accepted':
        this.closed({ id: view.id, state: verdict.kind === 'reject' ? 'rejected' : verdict.kind === 'approveEdited' ? 'edited' : 'approved', decidedBy: 'you', reason: verdict.reason });
        return;
      case 'late':
      case 'unknownReview':
        this.closed({ id: view.id, state: 'expired', decidedBy: null, reason: null });
        void vscode.window.showInformationMessage(`Your verdict came too late and was not used. ${plain(answer.message, 300)}`);
        return;
      case 'reasonRequired': {
        this.answering.delete(verdict.id);
        const reason = await askReason(view, plain(answer.message, 200), true);
        if (reason !== undefined) await this.give(review, { ...verdict, reason });
        return;
      }
      case 'editRaisesRisk':
        void vscode.window.showWarningMessage(plain(answer.message, 300));
        return;
      case 'secondPersonNeeded':
        void vscode.window.showInformationMessage(`Your approval is recorded. ${plain(answer.message, 300)}`);
        return;
      default:
        void vscode.window.showWarningMessage(`Not decided: ${plain(answer.message, 300)}`);
    }
  }

  private async openByItself(review: ReviewDiff): Promise<void> {
    const active = vscode.window.activeTextEditor?.document.uri;
    const reviewIsOpen = this.openingByItself || [...this.waiting.values()].some((other) => other.isOpen);
    const where = placement(readSettings().review.open, active !== undefined && ReviewDiff.idOf(active) === undefined && active.scheme !== 'output', reviewIsOpen);
    if (where === 'none') return;
    this.openingByItself = true;
    try {
      await review.open({ column: where === 'beside' ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active, preserveFocus: true });
    } finally {
      this.openingByItself = false;
    }
  }

  /** Who decides one review in front goes on with the next one there. */
  private async afterClose(review: ReviewDiff): Promise<void> {
    const wasInFront = this.activeId() === review.view.id;
    const all = vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => tab.label.startsWith(ALL_TITLE));
    const next = [...this.waiting.values()][0];
    if (wasInFront && next && !next.isOpen && readSettings().review.open !== 'onDemand') await next.open({ column: vscode.ViewColumn.Active, preserveFocus: false });
    await review.close();
    if (all.length > 0) {
      await vscode.window.tabGroups.close(all, true);
      if (this.waiting.size > 0) await this.showAll();
    }
  }

  private decidedDiff(id: string): ReviewDiff | undefined {
    const view = this.recentViews.find((past) => past.id === id);
    if (!view) return undefined;
    const review = this.decided.get(id) ?? new ReviewDiff(view, this.files, this.surface);
    this.decided.set(id, review);
    return review;
  }

  private activeId(): string | undefined {
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    const uri = input instanceof vscode.TabInputTextDiff ? input.modified : vscode.window.activeTextEditor?.document.uri;
    return uri && ReviewDiff.idOf(uri);
  }

  private documentChanged(e: vscode.TextDocumentChangeEvent): void {
    if (e.document.uri.scheme === PROPOSED_SCHEME) {
      const review = this.waiting.get(ReviewDiff.idOf(e.document.uri) ?? '');
      if (review) void this.drafts.set(review.view.id, isEdited(review.view, e.document.getText()) ? e.document.getText() : undefined);
      this.updateContext();
    } else this.localEditsChanged(e.document);
  }

  private localEditsChanged(document: vscode.TextDocument): void {
    const touched = [...this.waiting.values()].filter((review) => review.view.path !== null && document.uri.scheme === 'file' && document.uri.fsPath === review.view.path);
    for (const review of touched) review.annotate(readSettings().review.comments, hasLocalEdits(review.view));
    if (touched.length > 0) this.changed.fire();
  }

  private updateContext(): void {
    const review = this.waiting.get(this.activeId() ?? '');
    void vscode.commands.executeCommand('setContext', 'editorbridge.activeEdited', review !== undefined && isEdited(review.view, review.text()));
    void vscode.commands.executeCommand('setContext', 'editorbridge.activeSameAgain', review !== undefined && review.view.sameAgain !== null);
  }
}

/** True when an editor of this window holds edits of the reviewed file that are not on disk. */
export function hasLocalEdits(view: ReviewView): boolean {
  return view.path !== null && vscode.workspace.textDocuments.some((document) => document.isDirty && document.uri.scheme === 'file' && document.uri.fsPath === view.path);
}

async function askReason(view: ReviewView, prompt: string, required: boolean): Promise<string | undefined> {
  const reason = await vscode.window.showInputBox({
    title: label(view), prompt, ignoreFocusOut: true, placeHolder: required ? 'A reason is required' : 'Reason (optional)',
    validateInput: (text) => (required && text.trim() === '' ? 'Policy asks for a reason.' : undefined),
  });
  return reason?.trim();
}
