using System.Text.Json;
using System.Text.RegularExpressions;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Script;

/// <summary>A tool call the model made earlier. <paramref name="Input"/> is JSON text.</summary>
internal sealed record PastCall(string Id, string Name, string Input);

/// <summary>What came back for a tool call.</summary>
internal sealed record PastResult(string CallId, string Text, bool IsError);

/// <summary>A tool a request offers.</summary>
/// <param name="Required">The name of the first input its schema demands; null when it demands none.</param>
internal sealed record OfferedTool(string Name, string? Required)
{
    public static OfferedTool Of(string? name, JsonElement? schema) =>
        new(name ?? "", schema?.Property("required").Items().Select(item => item.GetString()).FirstOrDefault());
}

/// <summary>One message of a conversation, whatever dialect it arrived in.</summary>
internal sealed record ConversationEntry(
    bool FromAssistant, IReadOnlyList<string> Texts, IReadOnlyList<PastCall> Calls, IReadOnlyList<PastResult> Results);

/// <summary>
/// What the scripted model looks at: the last thing a person asked, how many turns it has answered since, and what the tools said.
/// </summary>
internal sealed partial class Conversation
{
    private readonly IReadOnlyList<ConversationEntry> _entries;
    private readonly int _promptAt;

    public Conversation(IReadOnlyList<ConversationEntry> entries, IReadOnlyList<string> systemTexts, IReadOnlyList<OfferedTool> tools)
    {
        _entries = entries;
        Tools = tools;
        _promptAt = entries.Count - 1;
        while (_promptAt >= 0 && (entries[_promptAt].FromAssistant || PromptOf(entries[_promptAt]).Length == 0))
        {
            _promptAt--;
        }

        Prompt = _promptAt < 0 ? "" : PromptOf(entries[_promptAt]);
        EverySystemText = [.. systemTexts, .. entries.Where(entry => !entry.FromAssistant).SelectMany(entry => entry.Texts)];
    }

    /// <summary>The last text a person wrote; what a client put around it (reminders, environment, resumptions) is taken off.</summary>
    public string Prompt { get; }

    /// <summary>The tools this request offers.</summary>
    public IReadOnlyList<OfferedTool> Tools { get; }

    /// <summary>The JSON schema the answer must fit, when the request asks for structured output.</summary>
    public JsonElement? AnswerSchema { get; init; }

    /// <summary>How many assistant messages stand after the prompt: the number of the turn to answer, from 0.</summary>
    public int TurnsSincePrompt => _entries.Skip(_promptAt + 1).Count(entry => entry.FromAssistant);

    /// <summary>Tool calls since the prompt, oldest first.</summary>
    public IEnumerable<PastCall> CallsSincePrompt => _entries.Skip(_promptAt + 1).SelectMany(entry => entry.Calls);

    /// <summary>The results in the newest message.</summary>
    public IReadOnlyList<PastResult> NewestResults => _entries is [.., { FromAssistant: false } last] ? last.Results : [];

    /// <summary>The folder the client works in, as it told the model; null when it did not.</summary>
    public string? WorkingDirectory => EverySystemText
        .Select(text => WorkingDirectoryLine().Match(text))
        .LastOrDefault(match => match.Success)?.Groups["path"].Value.Trim();

    private IReadOnlyList<string> EverySystemText { get; }

    /// <summary>A tool by its bare name, or by the last part of an MCP name, also one the client only mentions as loadable.</summary>
    public string? ToolNamed(string name) =>
        Tools.FirstOrDefault(tool => tool.Name == name || tool.Name.EndsWith($"__{name}", StringComparison.Ordinal))?.Name
        ?? EverySystemText.SelectMany(text => McpName().Matches(text))
            .Select(match => match.Value)
            .FirstOrDefault(tool => tool.EndsWith($"__{name}", StringComparison.Ordinal));

    /// <summary>The first input a tool demands, if its schema is at hand.</summary>
    public string? RequiredInput(string tool) => Tools.FirstOrDefault(offered => offered.Name == tool)?.Required;

    private static string PromptOf(ConversationEntry entry)
    {
        var text = Reminder().Replace(string.Join("\n\n", entry.Texts), "").Trim();
        return Resumption().IsMatch(text) ? "" : text;
    }

    [GeneratedRegex("<system-reminder>.*?</system-reminder>", RegexOptions.Singleline)]
    private static partial Regex Reminder();

    // Texts Claude Code itself sends to get a broken turn going again; they carry no new wish.
    [GeneratedRegex(@"^(Your response above was cut off mid-stream|The previous response failed to produce a valid tool call|Your tool call was malformed|\[Your previous response had no visible output)")]
    private static partial Regex Resumption();

    [GeneratedRegex(@"(?:Primary working directory|Working directory|cwd)\s*:\s*(?<path>(?:/|[A-Za-z]:\\)[^\r\n]*)", RegexOptions.IgnoreCase)]
    private static partial Regex WorkingDirectoryLine();

    [GeneratedRegex("mcp__[A-Za-z0-9_-]+")]
    private static partial Regex McpName();
}
