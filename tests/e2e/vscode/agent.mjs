// An agent's side of the hook door: what Claude Code posts before it runs a tool, and the answer it waits for.
import { randomUUID } from 'node:crypto';

/** Asks to write a file and waits for the verdict: `{ permission, reason, input }`. */
export async function askToWrite(product, file, content, options = {}) {
  return ask(product, 'Write', { file_path: file, content }, options);
}

export async function ask(product, tool, input, { cwd = product.workspace, session = randomUUID() } = {}) {
  const response = await fetch(`${product.url}/hooks/claude`, {
    method: 'POST',
    signal: AbortSignal.timeout(100_000),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${product.token('hook')}` },
    body: JSON.stringify({
      session_id: session, hook_event_name: 'PreToolUse', cwd, permission_mode: 'default', tool_name: tool, tool_input: input, tool_use_id: `toolu_${randomUUID().replaceAll('-', '')}`,
    }),
  });
  if (!response.ok) throw new Error(`the hook answered ${response.status}: ${await response.text()}`);
  const { hookSpecificOutput: decision } = await response.json();
  return { permission: decision?.permissionDecision ?? 'none', reason: decision?.permissionDecisionReason ?? '', input: decision?.updatedInput ?? null };
}
