import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approval, approvalAgain, isEdited, placement, rejection } from '../src/verdict';
import { review } from './views';

test('approval_untouched_document_sends_no_text', () =>
  assert.deepEqual(approval(review(), 'drop table raw.orders;\n', null), { id: 'R1', kind: 'approve', text: null, reason: null, againForSession: false }));
test('approval_only_line_endings_differ_sends_no_text', () =>
  assert.equal(approval(review({ after: 'a\r\nb\n' }), 'a\r\nb\r\n', null).kind, 'approve'));
test('approval_edited_document_sends_the_reviewers_text', () =>
  assert.deepEqual(approval(review({ after: '\ufeffa\n' }), 'b\n', 'why'), { id: 'R1', kind: 'approveEdited', text: '\ufeffb\n', reason: 'why', againForSession: false }));
test('approval_edited_command_sends_text', () =>
  assert.equal(approval(review({ path: null, after: null, proposed: 'snow sql -q "x"' }), 'snow sql -q "y"', null).text, 'snow sql -q "y"'));
test('approval_not_editable_never_sends_text', () =>
  assert.deepEqual(approval(review({ editable: false }), 'something else', null), { id: 'R1', kind: 'approve', text: null, reason: null, againForSession: false }));
test('isEdited_nothing_proposed_is_false', () => assert.equal(isEdited(review({ after: null, proposed: null }), 'x'), false));
test('rejection_carries_the_reason', () => assert.deepEqual(rejection(review(), 'no'), { id: 'R1', kind: 'reject', text: null, reason: 'no', againForSession: false }));

const PLACES: [setting: Parameters<typeof placement>[0], typing: boolean, open: boolean, where: string][] = [
  ['auto', false, false, 'active'], ['auto', true, false, 'beside'], ['auto', true, true, 'none'],
  ['active', true, false, 'active'], ['beside', false, false, 'beside'], ['onDemand', false, false, 'none'],
];
for (const [setting, typing, open, where] of PLACES)
  test(`placement_${setting}_typing_${typing}_open_${open}_is_${where}`, () => assert.equal(placement(setting, typing, open), where));

test('approval_for_the_session_is_of_the_agents_own_text', () =>
  assert.deepEqual(approvalAgain(review({ sameAgain: 'the same update' }), 'checked'), { id: 'R1', kind: 'approve', text: null, reason: 'checked', againForSession: true }));
