import * as vscode from 'vscode';
import { mustTell } from './present';
import { type CheckpointSignedParams, EditorMethods, type WitnessParams, type WitnessResult } from './protocol';
import type { Server } from './server';
import { plain } from './text';

/**
 * Keeps the newest checkpoint of the ledger in VS Code's own storage, outside the state folder, and shows it to each host it meets.
 * The host compares; a ledger that no longer contains what was signed shows here even when everything in its folder was made anew.
 */
export class Witness {
  private stateFolder: string | undefined;
  private disputed = false;

  constructor(private readonly context: vscode.ExtensionContext, private readonly backend: Server, private readonly log: vscode.LogOutputChannel) {}

  /** To be called when a backend is ready. */
  async compare(): Promise<void> {
    try {
      this.stateFolder = (await this.ask(null)).stateFolder;
      const kept = this.context.globalState.get<string>(this.key());
      const result = await this.ask(kept ?? null);
      this.disputed = mustTell(result.answer);
      if (this.disputed) void this.tell(result);
      else if (result.checkpoint) await this.keep(result.checkpoint);
    } catch (e) {
      this.log.error(`The ledger's checkpoint could not be compared: ${e instanceof Error ? e.message : String(e)}`);
    }
  }

  async signed({ note }: CheckpointSignedParams): Promise<void> {
    if (!this.stateFolder || this.disputed) return;
    try {
      await this.keep(note);
    } catch (e) {
      this.log.error(`The ledger's checkpoint could not be kept: ${e instanceof Error ? e.message : String(e)}`);
    }
  }

  /** The receipt is sent only after the checkpoint is in our storage. */
  private async keep(note: string): Promise<void> {
    await this.context.globalState.update(this.key(), note);
    await this.ask(note);
  }

  private ask(note: string | null): Promise<WitnessResult> {
    return this.backend.request<WitnessResult>(EditorMethods.Witness, { note } satisfies WitnessParams);
  }

  private async tell(result: WitnessResult): Promise<void> {
    this.log.error(`Ledger: ${result.answer}. ${result.message}`);
    const answer = await vscode.window.showErrorMessage(plain(result.message, 500), 'Show Log', 'Trust the Ledger as It Is Now');
    if (answer === 'Show Log') this.log.show();
    if (answer === 'Trust the Ledger as It Is Now' && result.checkpoint) {
      this.disputed = false;
      await this.signed({ note: result.checkpoint });
    }
  }

  private key(): string {
    return `witness:${this.stateFolder ?? ''}`;
  }
}
