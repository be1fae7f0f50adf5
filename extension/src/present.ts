import * as path from 'node:path';
import type { FindingView, ReviewView } from './protocol';
import { hasMixedLineEndings, plain } from './text';
import { proposedText } from './verdict';

/** The file name a review's documents carry; the language of the diff follows from it. */
export function documentName(view: ReviewView): string {
  if (view.path) return path.posix.basename(view.path.replaceAll('\\', '/')) || 'file';
  return /bash|shell|powershell|terminal/i.test(view.tool) ? 'command.sh' : 'statement.sql';
}

export function verb(view: ReviewView): string {
  if (view.path) return view.before === null ? 'create' : 'change';
  return 'run';
}

/** The line of a list. */
export function label(view: ReviewView): string {
  return plain(view.title || documentName(view), 120);
}

export function description(view: ReviewView, locallyEdited: boolean): string {
  const parts = [view.severity === 'none' ? '' : view.severity, plain(view.actor, 40), locallyEdited ? 'unsaved local edits' : ''];
  return parts.filter(Boolean).join(' · ');
}

/** One sentence for a notification. */
export function notice(pending: readonly ReviewView[]): string {
  const [first] = pending;
  if (!first) return '';
  if (pending.length > 1) return `${pending.length} actions of AI agents wait for your review.`;
  const findings = first.findings.length;
  const count = findings === 0 ? '' : ` (${findings} finding${findings === 1 ? '' : 's'})`;
  return `${plain(first.actor, 40)} wants to ${verb(first)} ${plain(documentName(first), 60)}${count}.`;
}

/** What a reviewer should know before deciding, most important first. Plain text, one fact a line. */
export function remarks(view: ReviewView, locallyEdited: boolean): string[] {
  const proposed = proposedText(view);
  const lines = [
    locallyEdited ? 'You have unsaved edits in this file. The proposal was made against the file on disk; accepting it does not include your edits.' : '',
    view.complete ? '' : 'The whole new text could not be worked out, so only the proposed fragment is shown.',
    proposed !== null && hasMixedLineEndings(proposed) ? 'The proposal mixes line endings. Accepted as it is, it keeps them.' : '',
    view.twoPeople ? 'Two people must approve this.' : '',
    view.reasonRequired ? 'Your verdict needs a reason.' : '',
    view.editable ? '' : 'This proposal can be accepted or rejected, not edited.',
  ];
  return lines.filter(Boolean);
}

/** The semantic summary: what the change does, what it touches, which rules asked for a person. */
export function summary(view: ReviewView): string {
  const objects = view.objects.map((o) => `${o.access} ${o.kind.toLowerCase()} ${plain(o.name, 120)}`);
  const lines = [
    label(view),
    plain(view.summary, 500),
    objects.length > 0 ? `Touches: ${objects.join(', ')}` : '',
    view.rules.length > 0 ? `Rules: ${view.rules.map((rule) => plain(rule, 80)).join(', ')}` : '',
    ...view.findings.map((f) => `${f.severity}: ${findingText(f)}`),
    view.decidedBy ? `${decisionWord(view.state)} by ${plain(view.decidedBy, 80)}${view.decidedReason ? `: ${plain(view.decidedReason, 300)}` : ''}` : '',
  ];
  return lines.filter(Boolean).join('\n');
}

export function findingText(finding: FindingView): string {
  return `${plain(finding.message, 400)} [${plain(finding.ruleId, 30)}]`;
}

/** How a decided review is spoken of. */
export function decisionWord(state: string): string {
  switch (state) {
    case 'approved': return 'Accepted';
    case 'edited': return 'Accepted with edits';
    case 'rejected': return 'Rejected';
    case 'expired': return 'Expired, so refused';
    default: return 'Closed';
  }
}
