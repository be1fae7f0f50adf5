import type { ReviewView, VerdictParams } from './protocol';
import { editedText, sameInEditor } from './text';

/** The text a reviewer judges: the file's new text, else the command or statement. Null when there is nothing to show. */
export function proposedText(view: ReviewView): string | null {
  return view.after ?? view.proposed;
}

/** True when the reviewer's document says something else than the agent proposed. */
export function isEdited(view: ReviewView, documentText: string): boolean {
  const proposed = proposedText(view);
  return view.editable && proposed !== null && !sameInEditor(proposed, documentText);
}

/** What "accept" means for a document: untouched, the agent's own bytes; else the reviewer's text with line endings and mark kept. */
export function approval(view: ReviewView, documentText: string, reason: string | null): VerdictParams {
  const proposed = proposedText(view);
  return proposed !== null && isEdited(view, documentText)
    ? { id: view.id, kind: 'approveEdited', text: editedText(proposed, documentText), reason, againForSession: false }
    : { id: view.id, kind: 'approve', text: null, reason, againForSession: false };
}

/** "Accept, and let the same run again in this session": for the agent's own text only. */
export function approvalAgain(view: ReviewView, reason: string | null): VerdictParams {
  return { id: view.id, kind: 'approve', text: null, reason, againForSession: true };
}

export function rejection(view: ReviewView, reason: string | null): VerdictParams {
  return { id: view.id, kind: 'reject', text: null, reason, againForSession: false };
}

/** Where a review that begins shows its diff on its own. */
export type Placement = 'active' | 'beside' | 'none';

/**
 * Never two diffs at once, and never over an editor somebody may be typing in: with the focus kept elsewhere, VS Code sends the
 * keystrokes of a covered editor nowhere.
 */
export function placement(setting: 'auto' | 'active' | 'beside' | 'onDemand', textEditorIsActive: boolean, reviewIsOpen: boolean): Placement {
  if (setting === 'onDemand' || reviewIsOpen) return 'none';
  if (setting === 'auto') return textEditorIsActive ? 'beside' : 'active';
  return setting;
}
