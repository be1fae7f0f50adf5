import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { MessageConnection } from 'vscode-jsonrpc/node';
import { conversation, textOf, tools } from './conversation';
import { type ChatAnswer, type ChatContentView, type ChatModelsResult, type ChatParams, type ChatPartParams, type CountParams, type CountResult, EditorMethods } from './protocol';
import type { Server } from './server';
import { readSettings } from './settings';

// The provider's part of VS Code's API, newer than the editors this extension runs in.
type Registrar = (vendor: string, provider: object) => vscode.Disposable;
type Conversation = Parameters<typeof conversation>[0];
interface ChatModel {
  id: string;
  name: string;
  family: string;
  version: string;
  tooltip: string;
  maxInputTokens: number;
  maxOutputTokens: number;
  capabilities: { imageInput: boolean; toolCalling: boolean };
}
interface AskOptions {
  readonly tools?: readonly vscode.LanguageModelChatTool[];
  readonly toolMode?: vscode.LanguageModelChatToolMode;
}

/** The account's models in the editor's own chat, where the editor takes models from extensions. Each question goes through the host like any client's. */
export class ChatModels implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly asked = new Map<string, (part: ChatContentView) => void>();
  private readonly registration: vscode.Disposable | undefined;

  constructor(private readonly server: Server, private readonly log: vscode.LogOutputChannel) {
    const register = (vscode.lm as unknown as { registerLanguageModelChatProvider?: Registrar } | undefined)?.registerLanguageModelChatProvider;
    if (!register) {
      log.info('This editor takes no chat models from extensions, so the account\'s models are not offered to its chat.');
      return;
    }
    this.registration = register.call(vscode.lm, 'editorbridge', {
      onDidChangeLanguageModelChatInformation: this.changed.event,
      provideLanguageModelChatInformation: () => this.list(),
      provideLanguageModelChatResponse: (model: ChatModel, messages: Conversation, options: AskOptions, progress: vscode.Progress<unknown>, token: vscode.CancellationToken) =>
        this.ask(model, messages, options, progress, token),
      provideTokenCount: async (model: ChatModel, text: string | Conversation[number]) =>
        (await this.server.request<CountResult>(EditorMethods.CountChat, { model: model.id, text: textOf(text) } satisfies CountParams)).tokens,
    });
  }

  /** Hears the parts of answers on a new connection. */
  wire(connection: MessageConnection): void {
    connection.onNotification(EditorMethods.ChatPart, ({ id, part }: ChatPartParams) => this.asked.get(id)?.(part));
  }

  /** The backend, the account or the setting changed. */
  refresh(): void {
    this.changed.fire();
  }

  dispose(): void {
    this.registration?.dispose();
    this.changed.dispose();
  }

  private async list(): Promise<ChatModel[]> {
    if (this.server.state !== 'ready' || !readSettings().chat.models) return [];
    try {
      const { models } = await this.server.request<ChatModelsResult>(EditorMethods.ChatModels);
      return models.map((model) => ({
        id: model.id, name: model.name, family: model.family, version: '1', tooltip: 'In your Snowflake account, through EditorBridge',
        maxInputTokens: model.maxInputTokens, maxOutputTokens: model.maxOutputTokens, capabilities: { imageInput: model.images, toolCalling: model.tools },
      }));
    } catch (e) {
      this.log.error(`The models of the account are not offered to the chat: ${e instanceof Error ? e.message : String(e)}`);
      return [];
    }
  }

  private async ask(model: ChatModel, messages: Conversation, options: AskOptions, progress: vscode.Progress<unknown>, token: vscode.CancellationToken): Promise<void> {
    const id = randomUUID();
    this.asked.set(id, (part) => progress.report(part.kind === 'toolUse'
      ? new vscode.LanguageModelToolCallPart(part.id ?? '', part.name ?? '', JSON.parse(part.data ?? '{}') as object)
      : new vscode.LanguageModelTextPart(part.text ?? '')));
    try {
      const params: ChatParams = { id, model: model.id, messages: conversation(messages), tools: tools(options.tools), toolRequired: options.toolMode === vscode.LanguageModelChatToolMode.Required };
      const answer = await this.server.request<ChatAnswer>(EditorMethods.AskChat, params, token);
      this.log.info(`The chat asked ${model.id}: ${answer.inputTokens} tokens in, ${answer.outputTokens} out (${answer.stopReason})`);
    } finally {
      this.asked.delete(id);
    }
  }
}
