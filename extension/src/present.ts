import * as path from 'node:path';
import type { FindingView, GrantView, ObjectView, ReviewView, StatementView } from './protocol';
import { hasMixedLineEndings, plain } from './text';
import { proposedText } from './verdict';

const MOST_OBJECTS = 4;

/** The file name a review's documents carry; the language of the diff follows from it. */
export function documentName(view: ReviewView): string {
  if (view.path) return path.posix.basename(view.path.replaceAll('\\', '/')) || 'file';
  return /bash|shell|powershell|terminal/i.test(view.tool) ? 'command.sh' : 'statement.sql';
}

export function verb(view: ReviewView): string {
  if (view.path) return view.before === null ? 'create' : 'change';
  return 'run';
}

/** Who asks: "agent:claude-code/2.1" in the ledger, "claude-code" to people. */
export function actor(view: ReviewView): string {
  return plain(view.actor.replace(/^agent:/, '').replace(/\/[\d.]+$/, ''), 40);
}

/** The line of a list. */
export function label(view: ReviewView): string {
  return plain(view.title || documentName(view), 120);
}

export function description(view: ReviewView, locallyEdited: boolean): string {
  const parts = [view.severity === 'none' ? '' : view.severity, actor(view), locallyEdited ? 'unsaved local edits' : ''];
  return parts.filter(Boolean).join(' · ');
}

/** One sentence for a notification. */
export function notice(pending: readonly ReviewView[]): string {
  const [first] = pending;
  if (!first) return '';
  if (pending.length > 1) return `${pending.length} actions of AI agents wait for your review.`;
  const findings = first.findings.length;
  const count = findings === 0 ? '' : ` (${findings} finding${findings === 1 ? '' : 's'})`;
  return `${actor(first)} wants to ${verb(first)} ${plain(documentName(first), 60)}${count}.`;
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
    view.revisionOf ? `This is a reviewer's own text, which was riskier than the proposal of ${plain(view.revisionOf, 40)}.` : '',
    view.sameAgain ? `May be accepted for the session: ${plain(view.sameAgain, 400)}.` : '',
    view.editable ? '' : 'This proposal can be accepted or rejected, not edited.',
  ];
  return lines.filter(Boolean);
}

/** The semantic summary: what the change does, what it touches, which rules asked for a person. */
export function summary(view: ReviewView): string {
  const lines = [
    label(view),
    plain(view.summary, 500),
    ...view.changes.map((change) => `• ${plain(change, 300)}`),
    ...(view.reach ?? []).map((reach) => `Reach ${plain(reach, 400)}`),
    ...view.undo.map((undo) => `Undo ${plain(undo, 400)}`),
    view.objects.length > 0 ? `Touches: ${touched(view.objects)}` : '',
    view.columns.length > 0 ? `Columns: ${view.columns.map((column) => plain(column, 80)).join(', ')}` : '',
    `Asked by ${actor(view)}${view.sessionId ? ` in session ${plain(view.sessionId, 60)}` : ''}${running(view)}`,
    view.prompt ? `Prompt: ${plain(view.prompt, 500)}` : '',
    view.rules.length > 0 ? `Rules: ${view.rules.map((rule) => plain(rule, 80)).join(', ')}` : '',
    ...view.findings.map((f) => `${f.severity}: ${findingText(f)}`),
    view.decidedBy ? `${decisionWord(view.state)} by ${plain(view.decidedBy, 80)}${view.decidedReason ? `: ${plain(view.decidedReason, 300)}` : ''}` : '',
  ];
  return lines.filter(Boolean).join('\n');
}

function running(view: ReviewView): string {
  const where = [view.role && `role ${plain(view.role, 80)}`, view.warehouse && `warehouse ${plain(view.warehouse, 80)}`, view.account && `account ${plain(view.account, 80)}`].filter(Boolean);
  return where.length > 0 ? ` (${where.join(', ')})` : '';
}

export function findingText(finding: FindingView): string {
  return `${plain(finding.message, 400)} [${plain(finding.ruleId, 30)}]`;
}

/** Above a statement: what it is and what it touches. */
export function statementLens(statement: StatementView): string {
  const objects = statement.objects.slice(0, MOST_OBJECTS);
  const more = statement.objects.length - objects.length;
  return [
    statement.class,
    statement.severity === 'none' || statement.severity === 'low' ? '' : `${statement.severity} risk`,
    objects.length > 0 ? touched(objects) + (more > 0 ? ` and ${more} more` : '') : '',
  ].filter(Boolean).join(' · ');
}

/** In a hover: the same in full, and what policy's shipped table says. */
export function statementLines(statement: StatementView): string[] {
  const effect = { allow: 'Runs without a review.', review: 'A person reviews it before it runs.', deny: 'It is refused.' }[statement.effect] ?? statement.effect;
  return [
    plain(statement.title, 200),
    `Class: ${statement.class}. Risk: ${statement.severity}. From an agent: ${effect}`,
    statement.objects.length > 0 ? `Touches: ${touched(statement.objects)}` : '',
  ].filter(Boolean);
}

const RISKS = ['none', 'low', 'medium', 'high', 'critical'];

/** Larger is riskier; of two alike, what needs a person is first. */
export function riskOrder(statement: StatementView): number {
  return RISKS.indexOf(statement.severity) * 2 + (statement.effect === 'allow' ? 0 : 1);
}

/** A changed statement in a list. */
export function changeItem(statement: StatementView, file: string): { label: string; description: string; detail: string } {
  return { label: plain(statement.title, 100), description: plain(file, 60), detail: statementLens(statement) };
}

export function changesTitle(statements: readonly StatementView[]): string {
  const held = statements.filter((statement) => statement.effect !== 'allow').length;
  const all = `${statements.length} SQL statement${statements.length === 1 ? '' : 's'} in your changed files`;
  return `${all}, ${held === 0 ? 'none' : held} of which would need a review`;
}

function touched(objects: readonly ObjectView[]): string {
  return objects.map((o) => `${o.access} ${o.kind.toLowerCase()} ${plain(o.name, 120)}`).join(', ');
}

/** A session grant in a list. */
export function grantLabel(grant: GrantView): string {
  return plain(grant.title, 120);
}

export function grantLines(grant: GrantView): string[] {
  return [`Runs again without a question: ${plain(grant.same, 600)}`, `Allowed by ${plain(grant.givenBy, 80)}; session ${plain(grant.sessionId, 60)}`];
}

/** How a decided review is spoken of. */
export function decisionWord(state: string): string {
  switch (state) {
    case 'approved': return 'Accepted';
    case 'edited': return 'Accepted with edits';
    case 'rejected': return 'Rejected';
    case 'expired': return 'Expired, so refused';
    case 'withdrawn': return 'Taken back: answered in the agent itself';
    default: return 'Closed';
  }
}

/** Whether the answer to a kept checkpoint means that the ledger is not the one that was signed; then the old checkpoint is kept as proof. */
export function mustTell(answer: string): boolean {
  return answer === 'contradicted' || answer === 'anotherKey' || answer === 'anotherLedger';
}
