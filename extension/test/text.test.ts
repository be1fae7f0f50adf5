import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editedText, hasMixedLineEndings, markdownOf, plain, positionAt, sameInEditor } from '../src/text';

const SHOWN: [name: string, text: string, shown: string][] = [
  ['ordinary text', 'DROP TABLE RAW.ORDERS', 'DROP TABLE RAW.ORDERS'],
  ['a line break', 'a\r\nb\nc', 'a b c'],
  ['a right-to-left override', 'orders\u202elqs.exe', 'orders⟨U+202E⟩lqs.exe'],
  ['a zero-width space', 'DROP\u200bTABLE', 'DROP⟨U+200B⟩TABLE'],
  ['a tag character', 'x\u{e0041}y', 'x⟨U+E0041⟩y'],
  ['an escape sequence', '\u001b[31mred', '⟨U+001B⟩[31mred'],
  ['a command link', 'see [x](command:workbench.action.quit)', 'see [x] (command:workbench.action.quit)'],
  ['an icon', '$(check) safe', '$ (check) safe'],
];
for (const [name, text, shown] of SHOWN) test(`plain_${name.replaceAll(' ', '_')}_is_neutral`, () => assert.equal(plain(text), shown));

test('plain_longer_than_allowed_is_cut', () => assert.equal(plain('x'.repeat(300), 10), `${'x'.repeat(9)}…`));

const EDITS: [name: string, proposed: string, document: string, expected: string][] = [
  ['plain', 'a\nb\n', 'a\nB\n', 'a\nB\n'],
  ['windows line endings', 'a\r\nb\r\n', 'a\r\nB\r\n', 'a\r\nB\r\n'],
  ['byte order mark', '\ufeffa\n', 'A\n', '\ufeffA\n'],
  ['mixed endings outside the change', 'a\r\nb\nc\r\nd\n', 'a\r\nb\r\nX\r\nd\r\n', 'a\r\nb\nX\r\nd\n'],
  ['mixed endings, a line added', 'a\nb\r\n', 'a\r\nnew\r\nb\r\n', 'a\nnew\r\nb\r\n'],
  ['mixed endings, last line without one', 'a\r\nb\nc', 'a\r\nb\r\nc!', 'a\r\nb\nc!'],
  ['everything removed', 'a\r\nb\n', '', ''],
];
for (const [name, proposed, document, expected] of EDITS) test(`editedText_${name.replaceAll(' ', '_')}_is_kept`, () => assert.equal(editedText(proposed, document), expected));

test('sameInEditor_other_line_endings_and_mark_is_same', () => assert.ok(sameInEditor('\ufeffa\r\nb\n', 'a\nb\n')));
test('sameInEditor_one_space_more_is_different', () => assert.ok(!sameInEditor('a\n', 'a \n')));
test('hasMixedLineEndings_only_crlf_is_false', () => assert.equal(hasMixedLineEndings('a\r\nb\r\n'), false));
test('hasMixedLineEndings_both_is_true', () => assert.equal(hasMixedLineEndings('a\r\nb\n'), true));

const POSITIONS: [text: string, offset: number, line: number, character: number][] = [
  ['select 1;\ndrop table t;', 10, 1, 0],
  ['a\r\nbc', 4, 1, 1],
  ['\ufeffdrop', 3, 0, 2],
  ['x', 99, 0, 1],
  ['-- 😀 x\ny', 6, 0, 6],
];
for (const [text, offset, line, character] of POSITIONS)
  test(`positionAt_${JSON.stringify(text)}_${offset}_matches`, () => assert.deepEqual(positionAt(text, offset), { line, character }));

test('markdownOf_every_mark_is_escaped_and_blanks_may_break', () =>
  assert.equal(markdownOf(['[x](command:y) <b>', '# a_b*c https://evil']), '\\[x\\] \\(command\\:y\\) \\<b\\>\n\n\\# a\\_b\\*c https\\:\\/\\/evil'));
