import * as vscode from 'vscode';
import { notice } from './present';
import type { Reviews } from './review';
import { readSettings } from './settings';

/**
 * Tells of a review that begins, one notification at a time: VS Code cannot take a notification back, so several would go stale together.
 * It offers to look and to refuse, never to accept: nobody accepts what they have not seen.
 */
export class Notices {
  private showing = false;

  constructor(private readonly reviews: Reviews) {}

  async tell(): Promise<void> {
    if (this.showing || !readSettings().review.notify) return;
    const pending = this.reviews.pending;
    const [first] = pending;
    if (!first) return;
    this.showing = true;
    try {
      const answer = await vscode.window.showWarningMessage(notice(pending), 'Review', ...(pending.length === 1 ? ['Reject…'] : []));
      if (answer === 'Review') await (this.reviews.pending.some((view) => view.id === first.id) ? this.reviews.show(first.id) : this.reviews.showNext());
      // Bound to the review it was asked about: it never answers another one.
      else if (answer === 'Reject…') await this.reviews.reject(first.id);
    } finally {
      this.showing = false;
    }
  }
}
