import * as cp from 'node:child_process';
import * as fs from 'node:fs';
import * as vscode from 'vscode';
import { type CancellationToken, createMessageConnection, type MessageConnection, StreamMessageReader, StreamMessageWriter, Trace } from 'vscode-jsonrpc/node';
import { hostArguments } from './hostArguments';
import { locate, type Program } from './locate';
import { EditorMethods, type InitializeParams, type InitializeResult, PROTOCOL_VERSION } from './protocol';
import { CrashHistory, MAX_CRASHES, OneAtATime } from './restart';
import { readSettings } from './settings';
import { holdsSecrets } from './secrets';

export type ServerState = 'stopped' | 'starting' | 'ready' | 'failed';

const HANDSHAKE_TIMEOUT_MS = 30_000;
const SHUTDOWN_TIMEOUT_MS = 1_000;
const EXIT_TIMEOUT_MS = 3_000;
const LOG_TAIL_LINES = 40;

/** Owns the `editorbridge editor` process of this window: start, handshake, restart after a crash, stop. */
export class Server implements vscode.Disposable {
  private child: cp.ChildProcessWithoutNullStreams | undefined;
  private connection: MessageConnection | undefined;
  private readonly crashes = new CrashHistory();
  private readonly restarts = new OneAtATime(() => this.stopAndStart());
  private retry: NodeJS.Timeout | undefined;
  private wanted = false;
  private readonly changed = new vscode.EventEmitter<ServerState>();
  readonly onDidChangeState = this.changed.event;

  /** Of the running backend; undefined while there is none. */
  info: InitializeResult | undefined;
  state: ServerState = 'stopped';
  /** Why the state is `failed`, or what a start waits for. For people. */
  detail = '';
  /** The last lines the backend wrote to stderr, for the doctor's report. */
  readonly tail: string[] = [];

  /** @param wire registers the handlers of a new connection, before it listens. */
  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
    private readonly wire: (connection: MessageConnection) => void,
  ) {}

  /** Starts, or stops and starts again. Failures end in the state `failed`, never in a rejection. */
  restart(): Promise<void> {
    this.crashes.clear();
    return this.restarts.run();
  }

  /** @throws Error when no backend is running, or the backend's own error. */
  async request<T>(method: string, params?: object, token?: CancellationToken): Promise<T> {
    if (!this.connection || this.state !== 'ready') throw new Error(`EditorBridge is not running${this.detail ? `: ${this.detail}` : '.'}`);
    // An argument that is undefined would travel as a parameter that is null.
    return this.connection.sendRequest<T>(method, ...[params, token].filter((argument) => argument !== undefined));
  }

  /** Sends when there is somebody to hear it; a new backend learns the state of the window from `initialize`. */
  notify(method: string, params: object): void {
    if (this.connection && this.state === 'ready') void this.connection.sendNotification(method, params);
  }

  async stop(): Promise<void> {
    this.wanted = false;
    clearTimeout(this.retry);
    const child = this.child;
    if (!child) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (this.connection && this.state === 'ready') await withDeadline(this.connection.sendRequest(EditorMethods.Shutdown), SHUTDOWN_TIMEOUT_MS).catch(() => undefined);
    child.stdin.end();
    await withDeadline(exited, EXIT_TIMEOUT_MS).catch(() => child.kill('SIGKILL'));
  }

  /** The program this window runs or would run. */
  program(): ReturnType<typeof locate> {
    const { path, dotnetPath } = readSettings().server;
    return locate({
      configured: path, dotnet: dotnetPath, bundle: this.context.asAbsolutePath('backend'),
      platform: process.platform, searchPath: process.env['PATH'] ?? '', exists: (file) => fs.existsSync(file),
    });
  }

  dispose(): void {
    void this.stop();
    this.changed.dispose();
  }

  private async stopAndStart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  private async start(): Promise<void> {
    this.wanted = true;
    this.become('starting', '');
    const program = await this.programOrInstalledRuntime();
    if ('problem' in program) {
      this.wanted = false;
      this.log.error(program.problem);
      this.become('failed', program.problem);
      return;
    }
    const began = Date.now();
    this.log.info(`Starting ${program.file} ${[...program.args, ...editorArguments()].join(' ')}`);
    const child = this.spawn(program);
    this.child = child;
    const ended = new Promise<never>((_, reject) => {
      child.once('error', (e) => reject(new Error(`${program.file} could not be started: ${e.message}`)));
      child.once('exit', (code, signal) => {
        this.ended(child, exitWord(code, signal));
        reject(new Error(`EditorBridge ended while starting (${exitWord(code, signal)}). ${this.lastWords()}`.trim()));
      });
    });
    ended.catch(() => undefined);
    const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin));
    this.connection = connection;
    connection.onError(([e]) => this.log.error(`Connection: ${e.message}`));
    await this.trace(connection);
    this.wire(connection);
    connection.listen();
    try {
      const introduction = this.introduction();
      const handshake = connection.sendRequest<InitializeResult>(EditorMethods.Initialize, introduction);
      const info = await withDeadline(Promise.race([handshake, ended]), HANDSHAKE_TIMEOUT_MS);
      if (info.protocolVersion !== PROTOCOL_VERSION)
        throw new Error(`This extension speaks protocol ${PROTOCOL_VERSION}, EditorBridge ${info.serverVersion} speaks ${info.protocolVersion}. Update the older of the two.`);
      this.info = info;
      this.log.info(`EditorBridge ${info.serverVersion} ready in ${Date.now() - began} ms (relay ${child.pid ?? 0}, host ${info.hostProcessId}, ${introduction.workspaceFolders.length} folders)`);
      this.become('ready', '');
      // A window of several folders may read which they are only after it has introduced itself.
      const folders = workspaceFolders();
      if (folders.join('\n') !== introduction.workspaceFolders.join('\n')) this.notify(EditorMethods.WorkspaceChanged, { workspaceFolders: folders });
    } catch (e) {
      const message = e instanceof Error ? e.message : String(e);
      this.log.error(message);
      // A backend that ended is started again as after any crash; one that refuses us or does not answer would only do so again.
      if (this.child !== child) return;
      this.wanted = false;
      this.forget();
      child.kill();
      this.become('failed', message);
    }
  }

  private spawn(program: Program): cp.ChildProcessWithoutNullStreams {
    // The current folder is the extension's, not the workspace: nothing in an opened folder may be picked up as configuration.
    const child = cp.spawn(program.file, [...program.args, ...editorArguments()], {
      cwd: this.context.extensionPath,
      env: { ...process.env, DOTNET_NOLOGO: '1', DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_gcServer: '0' },
    });
    let rest = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines.map((text) => text.trimEnd()).filter(Boolean)) {
        this.log.info(`[backend] ${line}`);
        this.tail.push(line);
        if (this.tail.length > LOG_TAIL_LINES) this.tail.shift();
      }
    });
    // A dying backend closes its stdin under a pending write; the exit is what matters and is handled there.
    child.stdin.on('error', (e) => this.log.debug(`stdin: ${e.message}`));
    return child;
  }

  private introduction(): InitializeParams {
    const { version } = this.context.extension.packageJSON as { version: string };
    return { clientName: 'vscode', clientVersion: version, protocolVersion: PROTOCOL_VERSION, processId: process.pid, workspaceFolders: workspaceFolders() };
  }

  private async trace(connection: MessageConnection): Promise<void> {
    const level = readSettings().trace.server;
    if (level === 'off') return;
    await connection.trace(Trace.fromString(level), { log: (message: string, data?: string) => this.log.info(`[trace] ${message}${data && !holdsSecrets(message) ? ` ${data}` : ''}`) });
  }

  private ended(child: cp.ChildProcess, how: string): void {
    if (this.child !== child) return;
    this.forget();
    if (!this.wanted) {
      this.become('stopped', '');
      return;
    }
    this.log.error(`EditorBridge ended unexpectedly (${how}).`);
    const delay = this.crashes.record(Date.now());
    if (delay === undefined) {
      this.wanted = false;
      this.become('failed', `It ended ${MAX_CRASHES} times within three minutes and is not started again by itself (last: ${how}). ${this.lastWords()}`.trim());
      return;
    }
    this.become('starting', `EditorBridge ended (${how}) and is started again.`);
    this.retry = setTimeout(() => void this.restarts.run(), delay);
  }

  /** The last the program said that is not merely news. */
  private lastWords(): string {
    return this.tail.filter((line) => !/^(info|dbug|trce):/.test(line)).at(-1) ?? '';
  }

  private forget(): void {
    this.connection?.dispose();
    this.connection = undefined;
    this.child = undefined;
    this.info = undefined;
  }

  /** Without `dotnet` on PATH, the .NET Install Tool extension may know a runtime; it is asked only when it is installed. */
  private async programOrInstalledRuntime(): Promise<ReturnType<typeof locate>> {
    const found = this.program();
    if (!('problem' in found) || !found.needsDotnet || !vscode.extensions.getExtension('ms-dotnettools.vscode-dotnet-runtime')) return found;
    const answer = await vscode.commands.executeCommand<{ dotnetPath?: string } | undefined>('dotnet.acquire', {
      version: '10.0', mode: 'aspnetcore', requestingExtensionId: this.context.extension.id,
    });
    const library = this.context.asAbsolutePath('backend/editorbridge.dll');
    return answer?.dotnetPath ? { file: answer.dotnetPath, args: [library], source: 'bundled' } : found;
  }

  private become(state: ServerState, detail: string): void {
    this.state = state;
    this.detail = detail;
    this.changed.fire(state);
  }
}

/** What a person set about the host; a setting left alone says nothing, so that a host's own choice stands. */
function editorArguments(): string[] {
  const host = vscode.workspace.getConfiguration('editorbridge.host');
  const said = (name: string): boolean => {
    const { globalValue, workspaceValue, workspaceFolderValue } = host.inspect(name) ?? {};
    return [globalValue, workspaceValue, workspaceFolderValue].some((value) => value !== undefined);
  };
  return ['editor', ...hostArguments(Object.fromEntries(Object.entries(readSettings().host).filter(([name]) => said(name))))];
}

export function workspaceFolders(): string[] {
  return (vscode.workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === 'file').map((folder) => folder.uri.fsPath);
}

function exitWord(code: number | null, signal: string | null): string {
  return signal ? `signal ${signal}` : `exit code ${code ?? 0}`;
}

async function withDeadline<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`EditorBridge did not answer within ${milliseconds / 1000} s.`)), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
