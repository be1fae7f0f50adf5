namespace EditorBridge.Editor;

/// <summary>
/// The JSON-RPC contract between the VS Code extension and <c>editorbridge editor</c>, and between the relay and the host.
/// <c>extension/src/protocol.ts</c> mirrors this file; a test compares the two. Prose: docs/editor-protocol.md.
/// Property names travel in camelCase; enums as camelCase strings.
/// </summary>
public static class EditorMethods
{
    /// <summary>Raised by one when an older client or server could misread the newer.</summary>
    public const int ProtocolVersion = 1;

    // client → server, requests
    public const string Initialize = "initialize";
    public const string ListReviews = "reviews/list";
    public const string GiveVerdict = "review/verdict";
    public const string AskReview = "review/ask";
    public const string ListGrants = "grants/list";
    public const string RevokeGrant = "grant/revoke";
    public const string ListNotices = "notices/list";
    public const string AnalyzeSql = "sql/analyze";
    public const string Fixes = "sql/fixes";
    public const string TerminalEnvironment = "terminal/environment";
    public const string PortalLink = "portal/link";
    public const string McpServer = "mcp/server";
    public const string Witness = "ledger/witness";
    public const string OpenIdeDoor = "ide/open";
    public const string CloseIdeDoor = "ide/close";
    public const string ChatModels = "chat/models";
    public const string AskChat = "chat/ask";
    public const string CountChat = "chat/count";
    public const string AccountState = "account/state";
    public const string SignIn = "account/signIn";
    public const string SupplyToken = "account/token";
    public const string Shutdown = "shutdown";

    // client → server, notifications
    public const string WorkspaceChanged = "workspace/changed";
    public const string SelectionChanged = "ide/selectionChanged";
    public const string Mentioned = "ide/mentioned";

    // server → client, requests
    public const string OpenEditors = "editor/openEditors";
    public const string Diagnostics = "editor/diagnostics";
    public const string OpenFile = "editor/openFile";
    public const string DocumentState = "editor/documentState";
    public const string SaveDocument = "editor/saveDocument";
    public const string OpenAddress = "editor/openAddress";

    // server → client, notifications
    public const string ReviewOpened = "review/opened";
    public const string ReviewUpdated = "review/updated";
    public const string ReviewClosed = "review/closed";
    public const string GrantsChanged = "grants/changed";
    public const string NoticesChanged = "notices/changed";
    public const string HostStatus = "host/status";
    public const string CheckpointSigned = "ledger/checkpoint";
    public const string ChatPart = "chat/part";
}

/// <summary>JSON-RPC error codes of ours, outside the range the JSON-RPC specification reserves for itself.</summary>
public static class EditorErrors
{
    /// <summary>The two ends speak different protocol versions; the message names both and which to update.</summary>
    public const int VersionMismatch = -32010;

    /// <summary>The relay has no host to ask: it ended and the next is not there yet, or it could not be started.</summary>
    public const int HostUnavailable = -32011;

    /// <summary>The host does not do this: the peer descends from an AI agent, has not introduced itself, or asks for something that does not exist.</summary>
    public const int Refused = -32012;
}

public sealed record InitializeParams(string ClientName, string ClientVersion, int ProtocolVersion, int ProcessId, string[] WorkspaceFolders);

public sealed record InitializeResult(string ServerVersion, int ProtocolVersion, int HostProcessId, string BaseUrl, string? PortalUrl, string Account, bool Sandbox);

public sealed record WorkspaceChangedParams(string[] WorkspaceFolders);

/// <summary>A finding of a review or of a file. Offsets are UTF-16 code units into the text it belongs to; Start is -1 when it has no place there.</summary>
public sealed record FindingView(string RuleId, string Severity, string Message, int Start, int Length);

public sealed record ObjectView(string Name, string Kind, string Access);

/// <summary>A review as an editor shows it. <paramref name="State"/>: pending, approved, edited, rejected, expired, withdrawn.</summary>
/// <param name="Changes">What the change of a SQL file does, a sentence each, the most serious first; empty when there is nothing to compare.</param>
/// <param name="Prompt">What the person last asked of the agent in that session; null when it was not seen.</param>
/// <param name="SameAgain">What "the same again in this session" would let run; null when it is not offered.</param>
/// <param name="RevisionOf">The review whose edited text this one is about.</param>
/// <param name="Undo">How each statement that is not harmless would be taken back, or why it cannot be.</param>
/// <param name="Reach">What the account says about the reach, a sentence each; null until it was read (<see cref="EditorMethods.ReviewUpdated"/> then brings it) and where there is nothing to read.</param>
public sealed record ReviewView(
    string Id, string State, DateTimeOffset OpenedAt, DateTimeOffset ExpiresAt,
    string Title, string Door, string Tool, string Actor, string? SessionId, string? Workspace,
    string Severity, string Summary, string[] Rules, bool ReasonRequired, bool TwoPeople,
    string? Path, string? Before, string? After, bool Complete, string? Proposed, bool Editable, string[] Changes, string[] Undo, string[]? Reach,
    FindingView[] Findings, ObjectView[] Objects, string[] Columns, string? Account, string? Role, string? Warehouse, string? Prompt,
    string? SameAgain, string? RevisionOf, string? DecidedBy, string? DecidedReason);

public sealed record ReviewsResult(ReviewView[] Pending, ReviewView[] Recent);

/// <param name="Kind">approve, approveEdited, reject.</param>
/// <param name="AgainForSession">With approve: let the same run again in this session, where it is offered.</param>
public sealed record VerdictParams(string Id, string Kind, string? Text, string? Reason, bool AgainForSession);

/// <summary>A session grant: the same runs again without a question. <paramref name="Same"/> says what that is.</summary>
public sealed record GrantView(string Id, string Title, string Same, string GivenBy, string SessionId, int Uses, DateTimeOffset GivenAt, DateTimeOffset ExpiresAt);

public sealed record GrantsResult(GrantView[] Grants);

public sealed record RevokeParams(string Id);

/// <summary>Something that stands in the way of the work or will soon: of the account or of a budget. <paramref name="Level"/>: info, warning, error.</summary>
/// <param name="Fix">SQL or a command that mends it; null where time does.</param>
public sealed record NoticeView(string Level, string Text, string? Fix);

/// <summary>All that stand, the most pressing first.</summary>
public sealed record NoticesResult(NoticeView[] Notices);

public sealed record RevokeAnswer(bool Revoked, string Message);

/// <param name="Result">The wire name of <see cref="Review.VerdictResult"/>: accepted, late, unknownReview, …</param>
public sealed record VerdictAnswer(string Result, string Message);

/// <summary>A person asks for a review of a change of their own.</summary>
/// <param name="Before">The text to compare with; null for a file that is new.</param>
public sealed record AskReviewParams(string Path, string? Before, string After);

/// <param name="Message">Who decided and why, for the person who asked.</param>
public sealed record AskReviewResult(bool Approved, string Message);

public sealed record ReviewClosedParams(string Id, string State, string? DecidedBy, string? Reason);

/// <param name="State">ready, starting, failed.</param>
public sealed record HostStatusParams(string State, string Message, int Pending);

public sealed record AnalyzeParams(string Path, string Text);

public sealed record StatementView(int Start, int Length, string Class, string Effect, string Severity, string Title, ObjectView[] Objects);

public sealed record AnalyzeResult(StatementView[] Statements, FindingView[] Findings);

/// <summary>Asks for the fixes of findings that touch a range of this text.</summary>
public sealed record FixParams(string Path, string Text, int Start, int Length);

/// <summary>Text in the place of a range of the text that was sent; a length of 0 is an insertion.</summary>
public sealed record EditView(int Start, int Length, string Text);

public sealed record FixView(string RuleId, string Title, EditView[] Edits);

public sealed record FixesResult(FixView[] Fixes);

/// <param name="MaxInputTokens">With <paramref name="MaxOutputTokens"/>, the smallest window the model's line is known to have: the account does not say.</param>
public sealed record ChatModelView(string Id, string Name, string Family, int MaxInputTokens, int MaxOutputTokens, bool Images, bool Tools);

public sealed record ChatModelsResult(ChatModelView[] Models);

/// <summary>A part of a message. text: Text. toolUse: Id, Name, and Data, its input as JSON. toolResult: Id and Text. image: Name, its media type, and Data in base64.</summary>
public sealed record ChatContentView(string Kind, string? Text, string? Id, string? Name, string? Data);

/// <param name="Role">user, assistant.</param>
public sealed record ChatMessageView(string Role, ChatContentView[] Content);

/// <param name="Schema">JSON Schema of the input, as JSON.</param>
public sealed record ChatToolView(string Name, string Description, string Schema);

/// <param name="Id">The client's own name for this question; the parts of the answer carry it.</param>
public sealed record ChatParams(string Id, string Model, ChatMessageView[] Messages, ChatToolView[] Tools, bool ToolRequired);

/// <summary>A part of an answer under way: text as it comes, a tool once it is whole and was released.</summary>
public sealed record ChatPartParams(string Id, ChatContentView Part);

/// <param name="StopReason">As the Messages API names it: end_turn, tool_use, max_tokens, …</param>
public sealed record ChatAnswer(string StopReason, long InputTokens, long OutputTokens);

public sealed record CountParams(string Model, string Text);

public sealed record CountResult(long Tokens);

/// <param name="SignIn">browser: <see cref="EditorMethods.SignIn"/> signs in. editorToken: the client keeps a token and hands it over with <see cref="EditorMethods.SupplyToken"/>. elsewhere: nothing for an editor to do.</param>
/// <param name="Description">How the connection signs in, for people.</param>
/// <param name="HasToken">For editorToken: some window has handed a token over.</param>
public sealed record AccountStateResult(string Connection, string Address, string SignIn, string Description, bool HasToken);

/// <summary>What became of a sign-in that worked; one that did not is an error with the reason.</summary>
public sealed record SignInResult(string Message);

/// <param name="Token">Null takes it away. Never written to a trace.</param>
/// <param name="Check">Ask the account with it, and keep it only when the account takes it.</param>
public sealed record TokenParams(string? Token, bool Check);

/// <summary>An address to show in the person's browser.</summary>
/// <param name="Redirect">The port of this machine that the browser is sent back to; the editor must make it reachable from where the browser runs.</param>
public sealed record OpenAddressParams(string Address, string Redirect);

public sealed record OpenAddressResult(bool Opened);

public sealed record TerminalEnvironmentResult(Dictionary<string, string> Variables);

public sealed record PortalLinkResult(string Url);

/// <summary>Where the MCP gateway is and what a client must send with each request; the headers hold the client's token.</summary>
public sealed record McpServerResult(string Url, Dictionary<string, string> Headers);

/// <param name="Note">The checkpoint the client kept, byte for byte; null when it has none.</param>
public sealed record WitnessParams(string? Note);

/// <param name="Answer">nothingKept, or the wire name of <see cref="Ledger.WitnessAnswer"/>: agrees, contradicted, anotherKey, anotherLedger, notACheckpoint.</param>
/// <param name="Message">What it means and what to do; empty when all is well.</param>
/// <param name="StateFolder">Whose ledger it is: a client keeps one checkpoint per state folder.</param>
/// <param name="Checkpoint">The newest checkpoint, to keep from now on.</param>
public sealed record WitnessResult(string Answer, string Message, string StateFolder, string? Checkpoint);

/// <summary>A checkpoint was signed: keep it, then show it with <see cref="EditorMethods.Witness"/>, so that the ledger knows who keeps it.</summary>
public sealed record CheckpointSignedParams(string Note);

/// <summary>Where Claude Code finds this window: the port of its IDE protocol on 127.0.0.1, which the lock file is named after.</summary>
public sealed record IdeDoorResult(int Port);

/// <summary>What is selected in a text editor; an empty text is a cursor. Lines and characters from 0, characters in UTF-16 code units.</summary>
public sealed record SelectionParams(string Path, string Text, int StartLine, int StartCharacter, int EndLine, int EndCharacter);

/// <summary>A file, or lines of it (from 0, the last included), to be named in the agent's prompt.</summary>
public sealed record MentionParams(string Path, int? StartLine, int? EndLine);

public sealed record OpenEditorView(string Path, string LanguageId, bool Active, bool Dirty);

public sealed record OpenEditorsResult(OpenEditorView[] Editors);

/// <param name="Path">One file's problems; null for all.</param>
public sealed record DiagnosticsParams(string? Path);

/// <param name="Severity">Error, Warning, Info, Hint.</param>
public sealed record DiagnosticView(string Path, string Severity, string Message, string? Source, string? Code, int StartLine, int StartCharacter, int EndLine, int EndCharacter);

public sealed record DiagnosticsResult(DiagnosticView[] Diagnostics);

/// <summary>Opens a file and selects from the first place of one text to the next of the other.</summary>
public sealed record OpenFileParams(string Path, string? StartText, string? EndText, bool Preview);

public sealed record DocumentParams(string Path);

/// <param name="Open">False when no editor has the file open; then the others are false too.</param>
/// <param name="Saved">True when it was asked to be saved and has no unsaved changes now.</param>
public sealed record DocumentStateResult(bool Open, bool Dirty, bool Saved);
