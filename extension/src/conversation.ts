import type { ChatContentView, ChatMessageView, ChatToolView } from './protocol';

// What VS Code's chat hands over, told by its shape: the classes differ between versions and forks, and some parts are proposals.

interface Message {
  readonly role: number;
  readonly content: unknown;
}

interface Tool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema?: object | undefined;
}

const ASSISTANT = 2;

/** The conversation as the host takes it; what has no place in it is left out. */
export function conversation(messages: readonly Message[]): ChatMessageView[] {
  return messages
    .map((message) => ({ role: message.role === ASSISTANT ? 'assistant' : 'user', content: parts(message.content).map(contentOf).filter((part) => part !== undefined) }))
    .filter((message) => message.content.length > 0);
}

export function tools(offered: readonly Tool[] | undefined): ChatToolView[] {
  return (offered ?? []).map((tool) => ({ name: tool.name, description: tool.description ?? '', schema: JSON.stringify(tool.inputSchema ?? { type: 'object', properties: {} }) }));
}

/** A message's text, for counting its tokens. */
export function textOf(message: string | Message): string {
  if (typeof message === 'string') return message;
  return parts(message.content).map((part) => contentOf(part)).map((part) => part?.text ?? (part?.kind === 'toolUse' ? part.data : '') ?? '').join('\n');
}

function parts(content: unknown): unknown[] {
  return typeof content === 'string' ? [{ value: content }] : Array.isArray(content) ? content : [];
}

function contentOf(part: unknown): ChatContentView | undefined {
  if (typeof part !== 'object' || part === null) return undefined;
  const nothing = { text: null, id: null, name: null, data: null };
  if ('callId' in part && typeof part.callId === 'string') {
    return 'input' in part && 'name' in part && typeof part.name === 'string'
      ? { ...nothing, kind: 'toolUse', id: part.callId, name: part.name, data: JSON.stringify(part.input ?? {}) }
      : { ...nothing, kind: 'toolResult', id: part.callId, text: 'content' in part ? parts(part.content).map(resultText).join('\n') : '' };
  }
  if ('mimeType' in part && typeof part.mimeType === 'string' && 'data' in part && part.data instanceof Uint8Array)
    return part.mimeType.startsWith('image/') ? { ...nothing, kind: 'image', name: part.mimeType, data: Buffer.from(part.data).toString('base64') } : undefined;
  // The API refuses an empty text.
  return 'value' in part && typeof part.value === 'string' && part.value !== '' ? { ...nothing, kind: 'text', text: part.value } : undefined;
}

function resultText(part: unknown): string {
  if (typeof part === 'object' && part !== null && 'value' in part) return typeof part.value === 'string' ? part.value : JSON.stringify(part.value);
  return typeof part === 'string' ? part : JSON.stringify(part);
}
