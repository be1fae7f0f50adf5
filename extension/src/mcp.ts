import * as vscode from 'vscode';
import { EditorMethods, type McpServerResult } from './protocol';
import type { Server } from './server';

/** Offers EditorBridge's MCP gateway to the editor's own chat, where the editor can take it: forks of VS Code often cannot. */
export function offerGateway(server: Server, log: vscode.LogOutputChannel): vscode.Disposable {
  const models = vscode.lm as Partial<typeof vscode.lm> | undefined;
  if (typeof models?.registerMcpServerDefinitionProvider !== 'function') {
    log.info('This editor takes no MCP servers from extensions, so the gateway is not offered to its chat.');
    return new vscode.Disposable(() => undefined);
  }
  const changed = new vscode.EventEmitter<void>();
  return vscode.Disposable.from(
    changed,
    server.onDidChangeState(() => changed.fire()),
    models.registerMcpServerDefinitionProvider('editorbridge.gateway', {
      onDidChangeMcpServerDefinitions: changed.event,
      // The definition carries no token; it is added when the editor really starts the server.
      provideMcpServerDefinitions: () => (server.info ? [new vscode.McpHttpServerDefinition('EditorBridge', vscode.Uri.parse(`${server.info.baseUrl}/mcp`), {}, server.info.serverVersion)] : []),
      resolveMcpServerDefinition: async (definition) => {
        const { url, headers } = await server.request<McpServerResult>(EditorMethods.McpServer);
        return new vscode.McpHttpServerDefinition(definition.label, vscode.Uri.parse(url), headers);
      },
    }),
  );
}
