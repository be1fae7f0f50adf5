import * as vscode from 'vscode';

/** The settings of the extension, read in one place. Names and defaults are package.json's; a test compares them. */
export interface Settings {
  server: { path: string; dotnetPath: string };
  host: { port: number; account: string; upstream: string; euOnly: boolean; portalUrl: string; reviewSeconds: number };
  review: { open: 'auto' | 'active' | 'beside' | 'onDemand'; notify: boolean; comments: boolean };
  chat: { models: boolean };
  analysis: { diagnostics: boolean; codeLens: boolean };
  terminal: { environment: boolean };
  claude: { arguments: string[]; connect: boolean; shareContext: boolean };
  trace: { server: 'off' | 'messages' | 'verbose' };
}

export const SECTION = 'editorbridge';

/** Settings that only take effect when the program is started again. */
export const RESTART_SETTINGS = ['editorbridge.server', 'editorbridge.host', 'editorbridge.trace'];

export function readSettings(): Settings {
  const from = vscode.workspace.getConfiguration(SECTION);
  return {
    server: { path: from.get('server.path', '').trim(), dotnetPath: from.get('server.dotnetPath', '').trim() },
    host: {
      port: from.get('host.port', 4000), account: from.get('host.account', '').trim(), upstream: from.get('host.upstream', 'Rest'),
      euOnly: from.get('host.euOnly', false), portalUrl: from.get('host.portalUrl', '').trim(), reviewSeconds: from.get('host.reviewSeconds', 1740),
    },
    review: { open: from.get('review.open', 'auto'), notify: from.get('review.notify', true), comments: from.get('review.comments', true) },
    analysis: { diagnostics: from.get('analysis.diagnostics', true), codeLens: from.get('analysis.codeLens', true) },
    chat: { models: from.get('chat.models', true) },
    terminal: { environment: from.get('terminal.environment', true) },
    claude: { arguments: from.get<string[]>('claude.arguments', []), connect: from.get('claude.connect', true), shareContext: from.get('claude.shareContext', true) },
    trace: { server: from.get('trace.server', 'off') },
  };
}
