import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeItem, changesTitle, description, documentName, mustTell, notice, remarks, riskOrder, statementLens, statementLines, summary } from '../src/present';
import { review } from './views';

test('documentName_windows_path_is_its_last_part', () => assert.equal(documentName(review({ path: 'C:\\dw\\a b.sql' })), 'a b.sql'));
test('documentName_shell_command_is_a_script', () => assert.equal(documentName(review({ path: null, tool: 'Bash' })), 'command.sh'));
test('documentName_statement_is_sql', () => assert.equal(documentName(review({ path: null, tool: 'mcp__snowflake__execute_sql' })), 'statement.sql'));

test('notice_one_names_it', () => assert.equal(notice([review({ findings: [{ ruleId: 'G1', severity: 'high', message: 'm', start: 0, length: 1 }] })]), 'claude-code wants to change orders.sql (1 finding).'));
test('notice_ledger_name_of_the_agent_is_shortened', () => assert.match(notice([review({ actor: 'agent:claude-code/2.1.330' })]), /^claude-code wants/));
test('notice_new_file_says_create', () => assert.match(notice([review({ before: null })]), /wants to create orders\.sql\./));
test('notice_several_counts_them', () => assert.equal(notice([review(), review({ id: 'R2' })]), '2 actions of AI agents wait for your review.'));
test('notice_actor_with_a_link_is_neutral', () => assert.ok(!notice([review({ actor: '[ok](command:x)' })]).includes('](')));

test('description_names_risk_actor_and_local_edits', () => assert.equal(description(review(), true), 'high · claude-code · unsaved local edits'));

test('remarks_ordinary_review_has_none', () => assert.deepEqual(remarks(review(), false), []));
test('remarks_every_peculiarity_is_said', () => {
  const lines = remarks(review({ complete: false, after: 'a\r\nb\n', twoPeople: true, reasonRequired: true, editable: false }), true);
  assert.equal(lines.length, 6);
  assert.match(lines[0] ?? '', /unsaved edits/);
});

test('summary_tells_what_it_touches_and_why', () => {
  const text = summary(review({
    objects: [{ name: 'RAW.ORDERS', kind: 'TABLE', access: 'drop' }],
    findings: [{ ruleId: 'G8', severity: 'high', message: 'DROP TABLE destroys data.', start: 0, length: 4 }],
    state: 'rejected', decidedBy: 'ada', decidedReason: 'not on Friday',
  }));
  assert.match(text, /Touches: drop table RAW\.ORDERS/);
  assert.match(text, /Rules: default\.destructive/);
  assert.match(text, /high: DROP TABLE destroys data\. \[G8\]/);
  assert.match(text, /Rejected by ada: not on Friday/);
});

const drop = { start: 0, length: 9, class: 'destructive', effect: 'review', severity: 'high', title: 'DROP TABLE RAW.ORDERS', objects: [{ name: 'RAW.ORDERS', kind: 'TABLE', access: 'drop' }] };
test('statementLens_names_class_risk_and_objects', () => assert.equal(statementLens(drop), 'destructive · high risk · drop table RAW.ORDERS'));
test('statementLens_many_objects_are_counted', () =>
  assert.match(statementLens({ ...drop, objects: Array.from({ length: 6 }, (_, i) => ({ name: `T${i}`, kind: 'TABLE', access: 'read' })) }), /read table T3 and 2 more$/));
test('statementLens_harmless_says_no_risk', () => assert.equal(statementLens({ ...drop, class: 'read', severity: 'none', objects: [] }), 'read'));
test('statementLines_tell_what_happens_to_an_agent', () => assert.match(statementLines(drop).join('\n'), /From an agent: A person reviews it before it runs\./));
test('changesTitle_counts_what_would_be_held', () => {
  assert.equal(changesTitle([drop, { ...drop, effect: 'allow' }]), '2 SQL statements in your changed files, 1 of which would need a review');
  assert.equal(changesTitle([{ ...drop, effect: 'allow' }]), '1 SQL statement in your changed files, none of which would need a review');
});
test('riskOrder_critical_before_high_and_held_before_free', () =>
  assert.deepEqual([{ ...drop, severity: 'none', effect: 'allow' }, drop, { ...drop, effect: 'allow' }, { ...drop, severity: 'critical' }].sort((a, b) => riskOrder(b) - riskOrder(a)).map((s) => `${s.severity} ${s.effect}`),
    ['critical review', 'high review', 'high allow', 'none allow']));
test('changeItem_names_statement_and_file', () => assert.deepEqual(changeItem(drop, 'a.sql'), { label: 'DROP TABLE RAW.ORDERS', description: 'a.sql', detail: 'destructive · high risk · drop table RAW.ORDERS' }));
test('summary_tells_what_the_account_says_of_the_reach', () => assert.match(summary(review({ reach: ['How many rows does it change? 1,500 rows of T match.'] })), /Reach How many rows does it change\? 1,500 rows of T match\./));

test('summary_tells_how_it_is_undone', () => assert.match(summary(review({ undo: ['DROP TABLE T: Brings it back. Undo: UNDROP TABLE T'] })), /Undo DROP TABLE T: Brings it back\. Undo: UNDROP TABLE T/));
test('summary_tells_what_the_change_does', () => assert.match(summary(review({ changes: ['Adds DROP TABLE RAW.ORDERS.'] })), /• Adds DROP TABLE RAW\.ORDERS\./));

const WITNESS: [answer: string, told: boolean][] = [
  ['agrees', false], ['nothingKept', false], ['notACheckpoint', false], ['contradicted', true], ['anotherKey', true], ['anotherLedger', true],
];
for (const [answer, told] of WITNESS) test(`mustTell_${answer}_is_${told}`, () => assert.equal(mustTell(answer), told));
