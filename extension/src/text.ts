// Texts an agent wrote are data. They reach the screen through plain(), and go back to the agent byte for byte unless a person edited them.

const BOM = '\ufeff';

/** Characters that change how text looks without being seen: C0/C1 controls, zero-width, bidirectional controls, tags. */
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udfff]/g;

/**
 * A text for a label, a tooltip or a notification: one line, nothing invisible, and nothing VS Code would turn into a link or an icon.
 * Notifications make links of `[x](command:y)`, so an agent could otherwise put a command behind a word.
 */
export function plain(text: string, maxLength = 200): string {
  const shown = text
    .replace(/\r\n?|\n|\t/g, ' ')
    .replace(INVISIBLE, (c) => `⟨U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`)
    .replaceAll('](', '] (')
    .replaceAll('$(', '$ (');
  return shown.length > maxLength ? `${shown.slice(0, maxLength - 1)}…` : shown;
}

/**
 * Lines as Markdown that shows exactly these characters: every ASCII punctuation mark escaped, so no link, heading, HTML or image comes of it.
 * (MarkdownString.appendText does the same but makes every blank unbreakable, and long lines are cut.)
 */
export function markdownOf(lines: readonly string[]): string {
  return lines.map((line) => plain(line, 2000).replace(/[!-/:-@[-`{-~]/g, '\\$&')).join('\n\n');
}

/** True when an editor, which unifies line endings and hides a byte order mark, would show the two alike. */
export function sameInEditor(a: string, b: string): boolean {
  return normalized(a) === normalized(b);
}

/** True when a text mixes line endings, which an editor cannot show or keep. */
export function hasMixedLineEndings(text: string): boolean {
  const crlf = text.split('\r\n').length - 1;
  const lf = text.split('\n').length - 1;
  return crlf > 0 && lf > crlf;
}

/**
 * The reviewer's text with what the editor took away put back: the byte order mark of the proposal, and the line endings of
 * every line before the first and after the last change when the proposal mixed them.
 */
export function editedText(proposed: string, documentText: string): string {
  const bom = proposed.startsWith(BOM) ? BOM : '';
  const body = documentText.startsWith(BOM) ? documentText.slice(1) : documentText;
  if (!hasMixedLineEndings(proposed)) return bom + body;

  const was = linesOf(proposed.slice(bom.length));
  const now = linesOf(body);
  const shorter = Math.min(was.length, now.length);
  let head = 0;
  while (head < shorter && was[head]?.text === now[head]?.text) head++;
  let tail = 0;
  while (tail < shorter - head && was.at(-1 - tail)?.text === now.at(-1 - tail)?.text) tail++;
  const kept = now.map((line, i) => {
    const original = i < head ? was[i] : i >= now.length - tail ? was[i - now.length + was.length] : undefined;
    // A last line without an ending stays so: its emptiness is the reviewer's.
    return line.text + (line.ending && original?.ending ? original.ending : line.ending);
  });
  return bom + kept.join('');
}

/** Zero-based line and character (UTF-16) of an offset; the same in a document whose line endings were unified or whose mark was hidden. */
export function positionAt(text: string, offset: number): { line: number; character: number } {
  const start = text.startsWith(BOM) ? 1 : 0;
  const before = text.slice(start, Math.max(start, Math.min(offset, text.length)));
  const lines = before.split(/\r\n|\r|\n/);
  return { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
}

function normalized(text: string): string {
  return (text.startsWith(BOM) ? text.slice(1) : text).replace(/\r\n?/g, '\n');
}

function linesOf(text: string): { text: string; ending: string }[] {
  return [...text.matchAll(/([^\r\n]*)(\r\n|\r|\n|$)/g)]
    .filter((match) => match[0] !== '')
    .map((match) => ({ text: match[1] ?? '', ending: match[2] ?? '' }));
}
