import * as vscode from 'vscode';
import { SqlAnalysis } from './analysis';
import { ClaudeIde } from './claudeIde';
import { doctor } from './doctor';
import { Drafts } from './drafts';
import { SessionGrants } from './grants';
import { askForReview } from './askReview';
import { reviewGitChanges } from './gitChanges';
import { offerGateway } from './mcp';
import { ChatModels } from './models';
import { Notices } from './notice';
import { summary } from './present';
import { type CheckpointSignedParams, EditorMethods, type GrantsResult, type HostStatusParams, type NoticesResult, type PortalLinkResult, type ReviewClosedParams, type ReviewsResult, type ReviewView } from './protocol';
import { QuickFixes } from './quickFixes';
import { Reviews } from './review';
import { ReviewTrees } from './reviewTree';
import { Server, workspaceFolders } from './server';
import { RESTART_SETTINGS, SECTION } from './settings';
import { SignIn } from './signIn';
import { Status } from './status';
import { Terminals } from './terminal';
import { plain } from './text';
import { Witness } from './witness';

let server: Server | undefined;

/** Only wires. Everything the user sees exists before the backend does, so a backend that cannot start is a state, not a silence. */
export function activate(context: vscode.ExtensionContext): void {
  const began = performance.now();
  const log = vscode.window.createOutputChannel('EditorBridge', { log: true });
  const backend = (server = new Server(context, log, (connection) => {
    connection.onNotification(EditorMethods.ReviewOpened, (view: ReviewView) => reviews.opened(view));
    connection.onNotification(EditorMethods.ReviewUpdated, (view: ReviewView) => reviews.updated(view));
    connection.onNotification(EditorMethods.ReviewClosed, (params: ReviewClosedParams) => reviews.closed(params));
    connection.onNotification(EditorMethods.HostStatus, (params: HostStatusParams) => {
      status.hostStatus(params);
      if (params.state === 'ready') void refresh();
    });
    connection.onNotification(EditorMethods.NoticesChanged, (params: NoticesResult) => status.noticesChanged(params.notices));
    connection.onNotification(EditorMethods.GrantsChanged, (params: GrantsResult) => grants.show(params));
    connection.onNotification(EditorMethods.CheckpointSigned, (params: CheckpointSignedParams) => void witness.signed(params));
    claude.wire(connection);
    models.wire(connection);
    signIn.wire(connection);
  }));
  const drafts = vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, 'drafts').fsPath;
  const reviews = new Reviews(backend, new Drafts(drafts, (message) => log.error(message)), log);
  const trees = new ReviewTrees(reviews);
  const grants = new SessionGrants(backend);
  const status = new Status(backend);
  const notices = new Notices(reviews);
  const analysis = new SqlAnalysis(backend, log);
  const witness = new Witness(context, backend, log);
  const claude = new ClaudeIde(backend, log);
  const models = new ChatModels(backend, log);
  const signIn = new SignIn(context, backend, log);
  const terminals = new Terminals(context, backend, claude, log);

  async function refresh(): Promise<void> {
    analysis.refresh();
    void terminals.update();
    void witness.compare();
    void claude.update();
    void signIn.supply().then(() => models.refresh());
    try {
      reviews.sync(await backend.request<ReviewsResult>(EditorMethods.ListReviews));
      grants.show(await backend.request<GrantsResult>(EditorMethods.ListGrants));
      status.noticesChanged((await backend.request<NoticesResult>(EditorMethods.ListNotices)).notices);
    } catch (e) {
      log.error(`The list of reviews could not be read: ${e instanceof Error ? e.message : String(e)}`);
    }
  }

  context.subscriptions.push(
    log, backend, reviews, trees, grants, status, analysis, claude, models, offerGateway(backend, log), new QuickFixes(backend, reviews).register(),
    backend.onDidChangeState((state) => {
      status.serverChanged();
      if (state === 'ready') void refresh();
      else void terminals.update();
      if (state === 'failed') void tellOfFailure(backend.detail);
    }),
    reviews.onDidChange(() => {
      trees.refresh();
      status.pendingChanged(reviews.pending.length);
      void vscode.commands.executeCommand('setContext', 'editorbridge.pendingCount', reviews.pending.length);
    }),
    reviews.onDidBegin(() => void notices.tell()),
    vscode.workspace.onDidChangeWorkspaceFolders(() => {
      log.info(`The window has ${workspaceFolders().length} folders now`);
      backend.notify(EditorMethods.WorkspaceChanged, { workspaceFolders: workspaceFolders() });
    }),
    vscode.workspace.onDidChangeConfiguration((e) => {
      if (RESTART_SETTINGS.some((setting) => e.affectsConfiguration(setting))) void backend.restart();
      else if (e.affectsConfiguration(SECTION)) {
        reviews.settingsChanged();
        analysis.refresh();
        void terminals.update();
        void claude.update();
        models.refresh();
      }
    }),
    ...commands({
      accept: (argument) => reviews.accept(reviews.idOf(argument)),
      acceptEdited: (argument) => reviews.accept(reviews.idOf(argument)),
      acceptAsProposed: (argument) => reviews.acceptAsProposed(reviews.idOf(argument)),
      acceptForSession: (argument) => reviews.acceptForSession(reviews.idOf(argument)),
      revokeGrant: (argument) => grants.revoke(argument),
      reject: (argument) => reviews.reject(reviews.idOf(argument)),
      openReview: (argument) => reviews.show(reviews.idOf(argument) ?? ''),
      nextReview: () => reviews.showNext(),
      openAll: () => reviews.showAll(),
      copySummary: async (argument) => {
        const view = reviews.view(reviews.idOf(argument));
        if (view) await vscode.env.clipboard.writeText(summary(view));
      },
      reviewGitChanges: () => reviewGitChanges(analysis),
      askForReview: () => askForReview(backend),
      startClaude: () => terminals.startClaude(),
      mention: () => claude.mention(),
      signIn: async () => {
        await signIn.run();
        models.refresh();
      },
      signOut: () => signIn.forget(),
      openPortal: () => openPortal(backend),
      openWalkthrough: async () => {
        await vscode.commands.executeCommand('workbench.action.openWalkthrough', `${context.extension.id}#start`, false);
      },
      menu: () => showMenu(backend),
      restart: () => backend.restart(),
      showLog: () => log.show(),
      doctor: () => doctor(context, backend, log),
    }),
  );
  log.info(`The extension activated in ${Math.round(performance.now() - began)} ms`);
  void backend.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

function commands(table: Record<string, (argument?: unknown) => Promise<void> | void>): vscode.Disposable[] {
  return Object.entries(table).map(([name, run]) => vscode.commands.registerCommand(`editorbridge.${name}`, run));
}

async function tellOfFailure(detail: string): Promise<void> {
  const answer = await vscode.window.showErrorMessage(`EditorBridge is not running, so actions that need a review are refused. ${plain(detail, 400)}`, 'Restart', 'Show Log', 'Doctor');
  const command = answer === 'Restart' ? 'restart' : answer === 'Show Log' ? 'showLog' : answer === 'Doctor' ? 'doctor' : undefined;
  if (command) await vscode.commands.executeCommand(`editorbridge.${command}`);
}

/** The link signs in once; it goes through asExternalUri because the portal is on the machine the extension runs on. */
async function openPortal(backend: Server): Promise<void> {
  try {
    const { url } = await backend.request<PortalLinkResult>(EditorMethods.PortalLink);
    await vscode.env.openExternal(await vscode.env.asExternalUri(vscode.Uri.parse(url)));
  } catch (e) {
    void vscode.window.showErrorMessage(`The portal could not be opened. ${plain(e instanceof Error ? e.message : String(e), 300)}`);
  }
}

async function showMenu(backend: Server): Promise<void> {
  const entries = [
    { label: '$(terminal) Start Claude Code (Governed)', command: 'editorbridge.startClaude' },
    { label: '$(git-compare) Review the SQL in My Git Changes', command: 'editorbridge.reviewGitChanges' },
    { label: '$(link-external) Open Portal', command: 'editorbridge.openPortal' },
    { label: '$(sign-in) Sign In to Snowflake', command: 'editorbridge.signIn' },
    { label: '$(debug-restart) Restart', command: 'editorbridge.restart' },
    { label: '$(output) Show Log', command: 'editorbridge.showLog' },
    { label: '$(pulse) Doctor', command: 'editorbridge.doctor' },
    { label: '$(gear) Settings', command: 'workbench.action.openSettings', argument: '@ext:editorbridge.editorbridge-vscode' },
  ];
  const chosen = await vscode.window.showQuickPick(entries, { title: `EditorBridge is ${backend.state}`, placeHolder: backend.info ? `Account ${plain(backend.info.account, 60)}` : backend.detail });
  if (chosen) await vscode.commands.executeCommand(chosen.command, ...(chosen.argument ? [chosen.argument] : []));
}
