import * as cp from 'node:child_process';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { type AccountStateResult, EditorMethods, type OpenAddressParams, type OpenAddressResult, type SignInResult, type TokenParams } from './protocol';
import type { Server } from './server';
import { plain } from './text';

/** Signing in to the Snowflake account. A token that a person gives is kept in VS Code's SecretStorage and handed to the host, which holds it in memory only. */
export class SignIn {
  private told = false;

  constructor(private readonly context: vscode.ExtensionContext, private readonly server: Server, private readonly log: vscode.LogOutputChannel) {}

  /** Shows what the host asks to be shown, on a new connection. */
  wire(connection: MessageConnection): void {
    connection.onRequest(EditorMethods.OpenAddress, async ({ address, redirect }: OpenAddressParams): Promise<OpenAddressResult> => {
      const page = vscode.Uri.parse(address, true);
      if (page.scheme !== 'https' && page.scheme !== 'http') return { opened: false };
      // In a remote window this forwards the port that the account sends the browser back to.
      if (redirect) await vscode.env.asExternalUri(vscode.Uri.parse(redirect, true));
      return { opened: await vscode.env.openExternal(page) };
    });
  }

  /** Hands the kept token to a host that waits for one. To be called when a backend is ready. */
  async supply(): Promise<void> {
    try {
      const account = await this.server.request<AccountStateResult>(EditorMethods.AccountState);
      if (account.signIn !== 'editorToken') return;
      const token = await this.context.secrets.get(key(account));
      if (token) await this.give({ token, check: false });
      else if (!account.hasToken && !this.told) {
        this.told = true;
        const answer = await vscode.window.showWarningMessage(`EditorBridge has no access token for ${plain(account.address, 80)}, so nothing can be asked of the account.`, 'Sign In');
        if (answer === 'Sign In') await this.run();
      }
    } catch (e) {
      this.log.error(`The account's sign-in could not be looked at: ${reason(e)}`);
    }
  }

  async run(): Promise<void> {
    if (this.server.state !== 'ready') {
      await this.connect();
      return;
    }
    try {
      const account = await this.server.request<AccountStateResult>(EditorMethods.AccountState);
      if (account.signIn === 'browser') await this.byBrowser(account);
      else if (account.signIn === 'editorToken') await this.byToken(account);
      else void vscode.window.showInformationMessage(`Connection '${plain(account.connection, 60)}' (${plain(account.address, 80)}) signs in with: ${plain(account.description, 120)}. There is nothing to do here.`);
    } catch (e) {
      void vscode.window.showErrorMessage(`Not signed in. ${plain(reason(e), 400)}`);
    }
  }

  async forget(): Promise<void> {
    try {
      const account = await this.server.request<AccountStateResult>(EditorMethods.AccountState);
      if (account.signIn === 'editorToken') {
        await this.context.secrets.delete(key(account));
        void vscode.window.showInformationMessage(plain((await this.give({ token: null, check: false })).message, 300));
      } else void vscode.window.showInformationMessage(`Connection '${plain(account.connection, 60)}' signs in with: ${plain(account.description, 120)}. A browser sign-in is forgotten with: editorbridge logout`);
    } catch (e) {
      void vscode.window.showErrorMessage(`Not signed out. ${plain(reason(e), 400)}`);
    }
  }

  private async byBrowser(account: AccountStateResult): Promise<void> {
    const title = `Waiting for the browser: sign in to ${plain(account.address, 80)}`;
    const { message } = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title, cancellable: true }, (_, token) =>
      this.server.request<SignInResult>(EditorMethods.SignIn, undefined, token));
    void vscode.window.showInformationMessage(plain(message, 300));
  }

  private async byToken(account: AccountStateResult): Promise<void> {
    const token = await vscode.window.showInputBox({
      title: `Programmatic access token for ${plain(account.address, 80)}`, password: true, ignoreFocusOut: true,
      prompt: 'Kept in VS Code\'s secret storage. EditorBridge holds it in memory only.',
      validateInput: (text) => (text.trim() === '' ? 'Paste the token\'s secret.' : undefined),
    });
    if (!token) return;
    const { message } = await this.give({ token: token.trim(), check: true });
    await this.context.secrets.store(key(account), token.trim());
    void vscode.window.showInformationMessage(plain(message, 300));
  }

  /** Without a connection no host can start: `editorbridge login` adds one. */
  private async connect(): Promise<void> {
    const program = this.server.program();
    if ('problem' in program) {
      void vscode.window.showErrorMessage(program.problem);
      return;
    }
    const account = await vscode.window.showInputBox({ title: 'Snowflake account', prompt: 'Account identifier, as in myorg-myaccount, or the address of its Snowsight page', ignoreFocusOut: true });
    if (!account?.trim()) return;
    const ways = [
      { label: 'Sign in with the browser', detail: 'Needs no administrator. Administrator roles are blocked by Snowflake.', arguments: [] as string[] },
      { label: 'Programmatic access token', detail: 'Kept in VS Code\'s secret storage. The user usually needs a network policy.', arguments: ['--pat-from-editor'] },
    ];
    const way = await vscode.window.showQuickPick(ways, { title: `Sign in to ${plain(account, 80)}`, ignoreFocusOut: true });
    if (!way) return;
    const login = [...program.args, 'login', '--account', account.trim(), ...way.arguments];
    try {
      await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: 'Signing in to Snowflake' }, () => promisify(cp.execFile)(program.file, login, { cwd: this.context.extensionPath, timeout: 330_000 }));
    } catch (e) {
      void vscode.window.showErrorMessage(`Not signed in. ${plain(reason(e), 400)}`);
      return;
    }
    await this.server.restart();
    if (way.arguments.length > 0 && this.server.state === 'ready') await this.run();
  }

  private give(params: TokenParams): Promise<SignInResult> {
    return this.server.request<SignInResult>(EditorMethods.SupplyToken, params);
  }
}

function key(account: AccountStateResult): string {
  return `token:${account.address}:${account.connection}`;
}

/** A program that failed says why on stderr; the rest of such an error is its command line. */
function reason(e: unknown): string {
  if (typeof e === 'object' && e !== null && 'stderr' in e && typeof e.stderr === 'string' && e.stderr.trim()) return e.stderr.trim();
  return e instanceof Error ? e.message : String(e);
}
