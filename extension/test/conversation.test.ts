import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conversation, textOf, tools } from '../src/conversation';

const nothing = { text: null, id: null, name: null, data: null };

const MESSAGES: [name: string, content: unknown, parts: object[]][] = [
  ['a text', [{ value: 'Hello' }], [{ ...nothing, kind: 'text', text: 'Hello' }]],
  ['a bare string', 'Hello', [{ ...nothing, kind: 'text', text: 'Hello' }]],
  ['an empty text beside another', [{ value: '' }, { value: 'x' }], [{ ...nothing, kind: 'text', text: 'x' }]],
  ['a tool call', [{ callId: 't1', name: 'run', input: { sql: 'select 1' } }], [{ ...nothing, kind: 'toolUse', id: 't1', name: 'run', data: '{"sql":"select 1"}' }]],
  ['a tool result', [{ callId: 't1', content: [{ value: 'one' }, { value: { rows: 1 } }] }], [{ ...nothing, kind: 'toolResult', id: 't1', text: 'one\n{"rows":1}' }]],
  ['an image', [{ mimeType: 'image/png', data: new Uint8Array([1, 2]) }], [{ ...nothing, kind: 'image', name: 'image/png', data: 'AQI=' }]],
];
for (const [name, content, parts] of MESSAGES) test(`conversation_${name.replaceAll(' ', '_')}_is_kept`, () => assert.deepEqual(conversation([{ role: 1, content }]), [{ role: 'user', content: parts }]));

test('conversation_parts_without_a_place_in_it_are_left_out', () =>
  assert.deepEqual(conversation([{ role: 2, content: [{ mimeType: 'application/vnd.thing', data: new Uint8Array([1]) }, { other: 1 }] }, { role: 2, content: [{ value: 'x' }] }]), [
    { role: 'assistant', content: [{ ...nothing, kind: 'text', text: 'x' }] },
  ]));
test('tools_without_a_schema_take_an_empty_object', () => assert.deepEqual(tools([{ name: 'now' }]), [{ name: 'now', description: '', schema: '{"type":"object","properties":{}}' }]));
test('textOf_counts_what_a_message_says', () => assert.equal(textOf({ role: 1, content: [{ value: 'a' }, { callId: 't', name: 'n', input: {} }] }), 'a\n{}'));
