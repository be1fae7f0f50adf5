import type { ReviewView } from '../src/protocol';

/** A pending review to vary. */
export function review(over: Partial<ReviewView> = {}): ReviewView {
  return {
    id: 'R1', state: 'pending', openedAt: '2026-01-01T10:00:00Z', expiresAt: '2026-01-01T10:10:00Z',
    title: 'Write orders.sql: DROP TABLE RAW.ORDERS', door: 'hook', tool: 'Write', actor: 'claude-code', sessionId: null, workspace: '/project',
    severity: 'high', summary: 'Destructive SQL needs a person.', rules: ['default.destructive'], reasonRequired: false, twoPeople: false,
    path: '/project/models/orders.sql', before: 'select 1;\n', after: 'drop table raw.orders;\n', complete: true, proposed: null, editable: true, changes: [], undo: [], reach: null,
    findings: [], objects: [], columns: [], account: null, role: null, warehouse: null, prompt: null, sameAgain: null, revisionOf: null, decidedBy: null, decidedReason: null, ...over,
  };
}
