import * as cp from 'node:child_process';
import * as vscode from 'vscode';
import { PROTOCOL_VERSION } from './protocol';
import type { Server } from './server';

const TIMEOUT_MS = 60_000;

/** Writes what is known of this installation to the log, together with what `editorbridge doctor` finds, and shows it. */
export async function doctor(context: vscode.ExtensionContext, server: Server, log: vscode.LogOutputChannel): Promise<void> {
  const { version } = context.extension.packageJSON as { version: string };
  const program = server.program();
  const lines = [
    `Extension ${version}, protocol ${PROTOCOL_VERSION}, VS Code ${vscode.version} on ${process.platform}-${process.arch}${vscode.env.remoteName ? `, remote: ${vscode.env.remoteName}` : ''}`,
    `Workspace ${vscode.workspace.isTrusted ? 'trusted' : 'in Restricted Mode'}`,
    'problem' in program ? `Program: ${program.problem}` : `Program: ${[program.file, ...program.args].join(' ')} (${program.source})`,
    `State: ${server.state}${server.detail ? `: ${server.detail}` : ''}`,
    server.info ? `Backend ${server.info.serverVersion}, host process ${server.info.hostProcessId}, proxy ${server.info.baseUrl}, account ${server.info.account}` : 'No backend is connected.',
    ...(server.state === 'failed' ? ['Last lines of the backend:', ...server.tail.map((line) => `  ${line}`)] : []),
  ];
  for (const line of lines) log.info(`[doctor] ${line}`);
  log.show(true);
  if ('problem' in program) return;
  await new Promise<void>((resolve) => {
    cp.execFile(program.file, [...program.args, 'doctor'], { cwd: context.extensionPath, timeout: TIMEOUT_MS, encoding: 'utf8' }, (error, stdout, stderr) => {
      for (const line of `${stdout}\n${stderr}`.split('\n').filter((text) => text.trim())) log.info(`[doctor] ${line}`);
      if (error) log.warn(`[doctor] editorbridge doctor ended with ${error.code ?? error.message}`);
      resolve();
    });
  });
}
