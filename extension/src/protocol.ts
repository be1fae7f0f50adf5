/**
 * The JSON-RPC contract with `editorbridge editor`. Mirrors src/EditorBridge.Server/Editor/EditorProtocol.cs:
 * same methods, same payloads, same order of fields; test/protocol.test.ts fails when they differ.
 * Prose: docs/editor-protocol.md.
 */

/** Raised by one when an older client or server could misread the newer. */
export const PROTOCOL_VERSION = 1;

export const EditorMethods = {
  // client → server, requests
  Initialize: 'initialize',
  ListReviews: 'reviews/list',
  GiveVerdict: 'review/verdict',
  AskReview: 'review/ask',
  ListGrants: 'grants/list',
  RevokeGrant: 'grant/revoke',
  ListNotices: 'notices/list',
  AnalyzeSql: 'sql/analyze',
  Fixes: 'sql/fixes',
  TerminalEnvironment: 'terminal/environment',
  PortalLink: 'portal/link',
  McpServer: 'mcp/server',
  Witness: 'ledger/witness',
  OpenIdeDoor: 'ide/open',
  CloseIdeDoor: 'ide/close',
  ChatModels: 'chat/models',
  AskChat: 'chat/ask',
  CountChat: 'chat/count',
  AccountState: 'account/state',
  SignIn: 'account/signIn',
  SupplyToken: 'account/token',
  Shutdown: 'shutdown',

  // client → server, notifications
  WorkspaceChanged: 'workspace/changed',
  SelectionChanged: 'ide/selectionChanged',
  Mentioned: 'ide/mentioned',

  // server → client, requests
  OpenEditors: 'editor/openEditors',
  Diagnostics: 'editor/diagnostics',
  OpenFile: 'editor/openFile',
  DocumentState: 'editor/documentState',
  SaveDocument: 'editor/saveDocument',
  OpenAddress: 'editor/openAddress',

  // server → client, notifications
  ReviewOpened: 'review/opened',
  ReviewUpdated: 'review/updated',
  ReviewClosed: 'review/closed',
  GrantsChanged: 'grants/changed',
  NoticesChanged: 'notices/changed',
  HostStatus: 'host/status',
  CheckpointSigned: 'ledger/checkpoint',
  ChatPart: 'chat/part',
} as const;

export const EditorErrors = {
  VersionMismatch: -32010,
  HostUnavailable: -32011,
  Refused: -32012,
} as const;

export interface InitializeParams {
  clientName: string;
  clientVersion: string;
  protocolVersion: number;
  processId: number;
  workspaceFolders: string[];
}

export interface InitializeResult {
  serverVersion: string;
  protocolVersion: number;
  hostProcessId: number;
  baseUrl: string;
  portalUrl: string | null;
  account: string;
  sandbox: boolean;
}

export interface WorkspaceChangedParams {
  workspaceFolders: string[];
}

/** Offsets are UTF-16 code units into the text the finding belongs to; `start` is -1 when it has no place there. */
export interface FindingView {
  ruleId: string;
  severity: string;
  message: string;
  start: number;
  length: number;
}

export interface ObjectView {
  name: string;
  kind: string;
  access: string;
}

export interface ReviewView {
  id: string;
  state: string;
  openedAt: string;
  expiresAt: string;
  title: string;
  door: string;
  tool: string;
  actor: string;
  sessionId: string | null;
  workspace: string | null;
  severity: string;
  summary: string;
  rules: string[];
  reasonRequired: boolean;
  twoPeople: boolean;
  path: string | null;
  before: string | null;
  after: string | null;
  complete: boolean;
  proposed: string | null;
  editable: boolean;
  changes: string[];
  undo: string[];
  /** What the account says about the reach; null until it was read. */
  reach: string[] | null;
  findings: FindingView[];
  objects: ObjectView[];
  columns: string[];
  account: string | null;
  role: string | null;
  warehouse: string | null;
  prompt: string | null;
  sameAgain: string | null;
  revisionOf: string | null;
  decidedBy: string | null;
  decidedReason: string | null;
}

export interface ReviewsResult {
  pending: ReviewView[];
  recent: ReviewView[];
}

export interface VerdictParams {
  id: string;
  kind: string;
  text: string | null;
  reason: string | null;
  againForSession: boolean;
}

/** The same runs again without a question; `same` says what that is. */
export interface GrantView {
  id: string;
  title: string;
  same: string;
  givenBy: string;
  sessionId: string;
  uses: number;
  givenAt: string;
  expiresAt: string;
}

export interface GrantsResult {
  grants: GrantView[];
}

export interface RevokeParams {
  id: string;
}

export interface NoticeView {
  level: string;
  text: string;
  fix: string | null;
}

export interface NoticesResult {
  notices: NoticeView[];
}

export interface RevokeAnswer {
  revoked: boolean;
  message: string;
}

export interface VerdictAnswer {
  result: string;
  message: string;
}

export interface AskReviewParams {
  path: string;
  before: string | null;
  after: string;
}

export interface AskReviewResult {
  approved: boolean;
  message: string;
}

export interface ReviewClosedParams {
  id: string;
  state: string;
  decidedBy: string | null;
  reason: string | null;
}

export interface HostStatusParams {
  state: string;
  message: string;
  pending: number;
}

export interface AnalyzeParams {
  path: string;
  text: string;
}

export interface StatementView {
  start: number;
  length: number;
  class: string;
  effect: string;
  severity: string;
  title: string;
  objects: ObjectView[];
}

export interface AnalyzeResult {
  statements: StatementView[];
  findings: FindingView[];
}

/** Asks for the fixes of findings that touch a range of this text. */
export interface FixParams {
  path: string;
  text: string;
  start: number;
  length: number;
}

/** Text in the place of a range of the text that was sent; a length of 0 is an insertion. */
export interface EditView {
  start: number;
  length: number;
  text: string;
}

export interface FixView {
  ruleId: string;
  title: string;
  edits: EditView[];
}

export interface FixesResult {
  fixes: FixView[];
}

/** The two numbers are the smallest window the model's line is known to have: the account does not say. */
export interface ChatModelView {
  id: string;
  name: string;
  family: string;
  maxInputTokens: number;
  maxOutputTokens: number;
  images: boolean;
  tools: boolean;
}

export interface ChatModelsResult {
  models: ChatModelView[];
}

/** A part of a message. text: text. toolUse: id, name, and data, its input as JSON. toolResult: id and text. image: name, its media type, and data in base64. */
export interface ChatContentView {
  kind: string;
  text: string | null;
  id: string | null;
  name: string | null;
  data: string | null;
}

export interface ChatMessageView {
  role: string;
  content: ChatContentView[];
}

/** The schema is JSON Schema, as JSON. */
export interface ChatToolView {
  name: string;
  description: string;
  schema: string;
}

/** The id is the client's own name for this question; the parts of the answer carry it. */
export interface ChatParams {
  id: string;
  model: string;
  messages: ChatMessageView[];
  tools: ChatToolView[];
  toolRequired: boolean;
}

/** A part of an answer under way: text as it comes, a tool once it is whole and was released. */
export interface ChatPartParams {
  id: string;
  part: ChatContentView;
}

export interface ChatAnswer {
  stopReason: string;
  inputTokens: number;
  outputTokens: number;
}

export interface CountParams {
  model: string;
  text: string;
}

export interface CountResult {
  tokens: number;
}

/** signIn is browser, editorToken (the client keeps a token and hands it over) or elsewhere (nothing for an editor to do). hasToken: some window has handed one over. */
export interface AccountStateResult {
  connection: string;
  address: string;
  signIn: string;
  description: string;
  hasToken: boolean;
}

/** What became of a sign-in that worked; one that did not is an error with the reason. */
export interface SignInResult {
  message: string;
}

/** A null token takes it away. Never written to a trace. */
export interface TokenParams {
  token: string | null;
  check: boolean;
}

/** An address to show in the person's browser, and the port of this machine that the browser is sent back to. */
export interface OpenAddressParams {
  address: string;
  redirect: string;
}

export interface OpenAddressResult {
  opened: boolean;
}

export interface TerminalEnvironmentResult {
  variables: Record<string, string>;
}

export interface PortalLinkResult {
  url: string;
}

/** Where the MCP gateway is and what a client must send with each request; the headers hold the client's token. */
export interface McpServerResult {
  url: string;
  headers: Record<string, string>;
}

export interface WitnessParams {
  note: string | null;
}

export interface WitnessResult {
  answer: string;
  message: string;
  stateFolder: string;
  checkpoint: string | null;
}

/** A checkpoint was signed: keep it, then show it with `ledger/witness`, so that the ledger knows who keeps it. */
export interface CheckpointSignedParams {
  note: string;
}

/** Where Claude Code finds this window: the port of its IDE protocol on 127.0.0.1, which the lock file is named after. */
export interface IdeDoorResult {
  port: number;
}

/** What is selected in a text editor; an empty text is a cursor. Lines and characters from 0, characters in UTF-16 code units. */
export interface SelectionParams {
  path: string;
  text: string;
  startLine: number;
  startCharacter: number;
  endLine: number;
  endCharacter: number;
}

/** A file, or lines of it (from 0, the last included), to be named in the agent's prompt. */
export interface MentionParams {
  path: string;
  startLine: number | null;
  endLine: number | null;
}

export interface OpenEditorView {
  path: string;
  languageId: string;
  active: boolean;
  dirty: boolean;
}

export interface OpenEditorsResult {
  editors: OpenEditorView[];
}

export interface DiagnosticsParams {
  path: string | null;
}

export interface DiagnosticView {
  path: string;
  severity: string;
  message: string;
  source: string | null;
  code: string | null;
  startLine: number;
  startCharacter: number;
  endLine: number;
  endCharacter: number;
}

export interface DiagnosticsResult {
  diagnostics: DiagnosticView[];
}

/** Opens a file and selects from the first place of one text to the next of the other. */
export interface OpenFileParams {
  path: string;
  startText: string | null;
  endText: string | null;
  preview: boolean;
}

export interface DocumentParams {
  path: string;
}

export interface DocumentStateResult {
  open: boolean;
  dirty: boolean;
  saved: boolean;
}
