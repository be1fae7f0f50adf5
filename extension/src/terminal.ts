import * as vscode from 'vscode';
import type { ClaudeIde } from './claudeIde';
import { EditorMethods, type TerminalEnvironmentResult } from './protocol';
import type { Server } from './server';
import { readSettings } from './settings';

/** What terminals get: variables that send Claude Code through the proxy, and a terminal that runs it with the hook as well. */
export class Terminals {
  constructor(private readonly context: vscode.ExtensionContext, private readonly server: Server, private readonly claude: ClaudeIde, private readonly log: vscode.LogOutputChannel) {
    // Not kept over a restart of the window: by then the proxy may be another or none.
    context.environmentVariableCollection.persistent = false;
    context.environmentVariableCollection.description = 'Sends Claude Code and other Anthropic clients through EditorBridge to your Snowflake account.';
  }

  /** Terminals opened from now on follow the backend's state; without a backend they get nothing of ours. */
  async update(): Promise<void> {
    const collection = this.context.environmentVariableCollection;
    if (this.server.state !== 'ready' || !readSettings().terminal.environment) {
      collection.clear();
      return;
    }
    try {
      const { variables } = await this.server.request<TerminalEnvironmentResult>(EditorMethods.TerminalEnvironment);
      collection.clear();
      for (const [name, value] of Object.entries(variables)) collection.replace(name, value);
    } catch (e) {
      collection.clear();
      this.log.error(`The environment for terminals could not be read: ${e instanceof Error ? e.message : String(e)}`);
    }
  }

  /**
   * Starts Claude Code through `editorbridge claude`, which adds the hook and the settings that a variable cannot carry. The launcher also
   * turns the port into the variables Claude Code knows: in a terminal those belong to Anthropic's own extension, where it is installed.
   */
  startClaude(): void {
    const program = this.server.program();
    if ('problem' in program) {
      void vscode.window.showErrorMessage(program.problem);
      return;
    }
    const active = vscode.window.activeTextEditor && vscode.workspace.getWorkspaceFolder(vscode.window.activeTextEditor.document.uri);
    const folder = active ?? vscode.workspace.workspaceFolders?.[0];
    const terminal = vscode.window.createTerminal({
      name: 'Claude Code (governed)',
      iconPath: new vscode.ThemeIcon('shield'),
      shellPath: program.file,
      shellArgs: [...program.args, 'claude', ...readSettings().claude.arguments],
      env: { EDITORBRIDGE_IDE_PORT: this.claude.port === undefined ? null : String(this.claude.port) },
      ...(folder ? { cwd: folder.uri } : {}),
    });
    terminal.show();
  }
}
