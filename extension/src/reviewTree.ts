import * as vscode from 'vscode';
import { decisionWord, description, label, remarks, summary } from './present';
import type { ReviewView } from './protocol';
import { hasLocalEdits, type Reviews } from './review';
import { markdownOf, plain } from './text';

/** The lists in the side bar: what waits, with a badge, and what was decided. */
export class ReviewTrees implements vscode.Disposable {
  private readonly pending: ReviewList;
  private readonly recent: ReviewList;
  private readonly views: { pending: vscode.TreeView<ReviewView>; recent: vscode.TreeView<ReviewView> };

  constructor(private readonly reviews: Reviews) {
    this.pending = new ReviewList(() => reviews.pending, pendingItem);
    this.recent = new ReviewList(() => [...reviews.recent], recentItem);
    this.views = {
      pending: vscode.window.createTreeView('editorbridge.pending', { treeDataProvider: this.pending }),
      recent: vscode.window.createTreeView('editorbridge.recent', { treeDataProvider: this.recent }),
    };
  }

  refresh(): void {
    const count = this.reviews.pending.length;
    this.views.pending.badge = count > 0 ? { value: count, tooltip: `${count} to review` } : undefined;
    this.pending.refresh();
    this.recent.refresh();
  }

  dispose(): void {
    this.views.pending.dispose();
    this.views.recent.dispose();
  }
}

class ReviewList implements vscode.TreeDataProvider<ReviewView> {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly read: () => ReviewView[], private readonly item: (view: ReviewView) => vscode.TreeItem) {}

  refresh(): void {
    this.changed.fire(undefined);
  }

  getChildren(parent?: ReviewView): ReviewView[] {
    return parent ? [] : this.read();
  }

  getTreeItem(view: ReviewView): vscode.TreeItem {
    const item = this.item(view);
    item.id = view.id;
    item.command = { command: 'editorbridge.openReview', title: 'Open Review', arguments: [view] };
    return item;
  }
}

function pendingItem(view: ReviewView): vscode.TreeItem {
  const locallyEdited = hasLocalEdits(view);
  const item = new vscode.TreeItem(label(view));
  item.description = description(view, locallyEdited);
  item.tooltip = tooltip([summary(view), ...remarks(view, locallyEdited), `Waits until ${new Date(view.expiresAt).toLocaleTimeString()}, then it is refused.`]);
  item.contextValue = view.sameAgain === null ? 'pendingReview' : 'pendingReviewSameAgain';
  item.iconPath = view.severity === 'critical' || view.severity === 'high'
    ? new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.errorForeground'))
    : new vscode.ThemeIcon(view.path ? 'diff' : 'terminal');
  return item;
}

function recentItem(view: ReviewView): vscode.TreeItem {
  const item = new vscode.TreeItem(label(view));
  item.description = `${decisionWord(view.state)}${view.decidedBy ? ` by ${plain(view.decidedBy, 40)}` : ''}`;
  item.tooltip = tooltip([summary(view)]);
  item.contextValue = 'recentReview';
  item.iconPath = new vscode.ThemeIcon(view.state === 'approved' ? 'pass' : view.state === 'edited' ? 'edit' : view.state === 'rejected' ? 'circle-slash' : 'clock');
  return item;
}

function tooltip(lines: string[]): vscode.MarkdownString {
  return new vscode.MarkdownString(markdownOf(lines.flatMap((line) => line.split('\n'))));
}
