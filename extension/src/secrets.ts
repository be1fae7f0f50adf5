import { EditorMethods } from './protocol';

const SECRET: readonly string[] = [EditorMethods.SupplyToken, EditorMethods.TerminalEnvironment, EditorMethods.McpServer, EditorMethods.PortalLink];

/** Whether a line of a trace names a message whose contents hold a token: those are never written, whatever the trace's level. */
export function holdsSecrets(line: string): boolean {
  return SECRET.some((method) => line.includes(`'${method}`));
}
