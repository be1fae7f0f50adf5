using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>What a client asked of the Messages API, parsed once. The body's bytes stay as they came, until they are let go of.</summary>
public sealed class MessagesRequest
{
    /// <summary>The API's own limit on the number of messages.</summary>
    public const int MaxMessages = 100_000;

    private string? _bodyHash;
    private string? _conversationHash;
    private volatile string? _questionHash;
    private volatile Content? _content;

    private MessagesRequest(ReadOnlyMemory<byte> body, JsonElement root) => _content = new Content(body, root);

    /// <summary>The body as the client sent it; empty once it was let go of.</summary>
    public ReadOnlyMemory<byte> Body => _content?.Body ?? default;

    public required string Model { get; init; }

    public required bool Stream { get; init; }

    public required long MaxTokens { get; init; }

    /// <summary>The client's session, out of <c>metadata.user_id</c>: a JSON text in new Claude Code, <c>user_…_session_…</c> in old.</summary>
    public string? SessionId { get; private init; }

    /// <summary>Names in <c>tools</c>, in order.</summary>
    public ImmutableArray<string> ToolNames { get; private init; } = [];

    /// <summary>The tools answered in the last user message: what the client says it has run, or why it did not.</summary>
    public ImmutableArray<AnsweredToolUse> AnsweredToolUses { get; private init; } = [];

    public int MessageCount { get; private init; }

    /// <summary>Lower-case hex SHA-256 of the last text a person or the client wrote, or null when the last user turn has none.</summary>
    public string? LastUserTextHash { get; private init; }

    /// <summary>The last text a person or the client wrote, or null when the last user turn has none.</summary>
    public string? LastUserText { get; private set; }

    /// <summary>Lower-case hex SHA-256 of the body's bytes. A client's retry has the same.</summary>
    public string BodyHash => _bodyHash ??= Convert.ToHexStringLower(SHA256.HashData((_content ?? throw LetGo()).Body.Span));

    /// <summary>
    /// Lower-case hex SHA-256 of the <c>messages</c> as sent. The same for a retry and for Claude Code's non-streaming fallback,
    /// which changes only <c>stream</c> and <c>max_tokens</c>; with the session id it finds a pending review again.
    /// </summary>
    public string ConversationHash => _conversationHash ??= Convert.ToHexStringLower(SHA256.HashData(WireJson.Raw(Root.GetProperty("messages"u8))));

    /// <summary>
    /// Lower-case hex SHA-256 of everything but <c>stream</c> and <c>max_tokens</c>, member by member in the order sent: what a client's
    /// retry and its non-streaming fallback have in common. Numbers and texts count as they are spelled.
    /// </summary>
    public string QuestionHash => _questionHash ??= HashQuestion(_content);

    internal JsonElement Root => _content?.Root ?? default;

    /// <summary>
    /// Lets go of the body and its tree once the request has been sent: an answer may take minutes. What was read of it stays, and so do the hashes asked for
    /// until now and <see cref="QuestionHash"/>, by which an answer with calls is found again.
    /// </summary>
    /// <param name="keepsText">Whether <see cref="LastUserText"/> stays too: it may be all there is of a large body.</param>
    public void ReleaseBody(bool keepsText)
    {
        if (!ToolNames.IsEmpty) _ = QuestionHash;
        if (!keepsText) LastUserText = null;
        _content = null;
    }

    /// <summary>Parses a body. A body that no upstream could take gives an error in Anthropic's shape, never an exception.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> body, out MessagesRequest request, out AnthropicError error) =>
        TryParse(body, requireMaxTokens: true, out request, out error);

    /// <summary>Parses the body of <c>count_tokens</c>, which has no <c>max_tokens</c>.</summary>
    public static bool TryParseCount(ReadOnlyMemory<byte> body, out MessagesRequest request, out AnthropicError error) =>
        TryParse(body, requireMaxTokens: false, out request, out error);

    private static bool TryParse(ReadOnlyMemory<byte> body, bool requireMaxTokens, out MessagesRequest request, out AnthropicError error)
    {
        request = null!;
        error = null!;
        if (!WireJson.TryParse(body, out var root, out var problem) || (problem = Problem(root, requireMaxTokens)) is not null)
        {
            error = AnthropicErrors.InvalidRequest(problem);
            return false;
        }
        var messages = root.GetProperty("messages"u8);
        var lastUser = LastUser(messages);
        var lastText = LastText(lastUser);
        request = new MessagesRequest(body, root)
        {
            Model = root.Text("model"u8)!,
            Stream = root.IsTrue("stream"u8),
            MaxTokens = root.Whole("max_tokens"u8) ?? 0,
            SessionId = ClientSession.Find(root.Member("metadata"u8)?.Text("user_id"u8)),
            ToolNames = Names(root.Member("tools"u8)),
            MessageCount = messages.GetArrayLength(),
            AnsweredToolUses = Answered(lastUser),
            LastUserText = lastText?.TextOrNull(),
            LastUserTextHash = lastText is { } text ? Convert.ToHexStringLower(SHA256.HashData(WireJson.Raw(text)[1..^1])) : null,
        };
        return true;
    }

    // Another thread may let go of the body meanwhile; it has the hash before it does.
    private string HashQuestion(Content? content)
    {
        if (content is null) return _questionHash ?? throw LetGo();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var member in content.Root.EnumerateObject().Where(member => !member.NameEquals("stream"u8) && !member.NameEquals("max_tokens"u8)))
        {
            // The closing quote and the value's own form keep two members from reading as one.
            hash.AppendData(System.Runtime.InteropServices.JsonMarshal.GetRawUtf8PropertyName(member));
            hash.AppendData("\":"u8);
            hash.AppendData(WireJson.Raw(member.Value));
            hash.AppendData(","u8);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // A hash of nothing would stand for a body that was never sent.
    private static InvalidOperationException LetGo() => new("The request's body has been let go of; its hashes are asked for before.");

    private sealed record Content(ReadOnlyMemory<byte> Body, JsonElement Root);

    private static string? Problem(JsonElement root, bool requireMaxTokens)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return "The body must be a JSON object.";
        }
        if (string.IsNullOrEmpty(root.Text("model"u8)))
        {
            return "model: Field required";
        }
        if (root.Member("messages"u8) is not { ValueKind: JsonValueKind.Array } messages)
        {
            return "messages: Field required";
        }
        if (requireMaxTokens && (root.Whole("max_tokens"u8) is not { } maxTokens || maxTokens < 0))
        {
            return root.Member("max_tokens"u8) is null ? "max_tokens: Field required" : "max_tokens: Input should be a whole number, 0 or more";
        }
        if (root.Member("stream"u8) is { ValueKind: not (JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null) })
        {
            return "stream: Input should be true or false";
        }
        if (root.Member("tools"u8) is { ValueKind: not (JsonValueKind.Array or JsonValueKind.Null) })
        {
            return "tools: Input should be a list";
        }
        if (root.Member("system"u8) is { ValueKind: not (JsonValueKind.Array or JsonValueKind.String or JsonValueKind.Null) })
        {
            return "system: Input should be a string or a list of text blocks";
        }
        return MessageProblem(messages);
    }

    private static string? MessageProblem(JsonElement messages)
    {
        var count = messages.GetArrayLength();
        if (count == 0)
        {
            return "messages: at least one message is required";
        }
        if (count > MaxMessages)
        {
            return $"messages: at most {MaxMessages} messages are allowed, {count} were sent";
        }
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object)
            {
                return $"messages.{index}: Input should be an object";
            }
            if (!message.Is("role"u8, "user"u8) && !message.Is("role"u8, "assistant"u8) && !message.Is("role"u8, "system"u8))
            {
                return $"messages.{index}.role: Input should be 'user', 'assistant' or 'system'";
            }
            if (message.Member("content"u8) is not { ValueKind: JsonValueKind.String or JsonValueKind.Array } content)
            {
                // A system message may consist of its settings alone.
                if (!message.Is("role"u8, "system"u8))
                {
                    return $"messages.{index}.content: Input should be a string or a list of blocks";
                }
            }
            else if (content.ValueKind == JsonValueKind.Array && BlockProblem(content) is { } problem)
            {
                return $"messages.{index}.content.{problem}";
            }
            index++;
        }
        return null;
    }

    private static string? BlockProblem(JsonElement content)
    {
        var index = 0;
        foreach (var block in content.EnumerateArray())
        {
            if (block.ValueKind != JsonValueKind.Object || block.Member("type"u8) is not { ValueKind: JsonValueKind.String })
            {
                return $"{index}.type: Field required";
            }
            index++;
        }
        return null;
    }

    private static JsonElement? LastUser(JsonElement messages)
    {
        for (var i = messages.GetArrayLength() - 1; i >= 0; i--)
        {
            if (messages[i].Is("role"u8, "user"u8))
            {
                return messages[i].Member("content"u8);
            }
        }
        return null;
    }

    private static ImmutableArray<string> Names(JsonElement? tools) => tools is not { ValueKind: JsonValueKind.Array } list ? []
        : [.. list.EnumerateArray().Select(tool => tool.Text("name"u8)).OfType<string>()];

    private static ImmutableArray<AnsweredToolUse> Answered(JsonElement? content) => content is not { ValueKind: JsonValueKind.Array } blocks ? []
        : [.. from block in blocks.EnumerateArray()
              where block.Is("type"u8, "tool_result"u8)
              let id = block.Text("tool_use_id"u8)
              where id is not null
              select new AnsweredToolUse(id, block.IsTrue("is_error"u8))];

    private static JsonElement? LastText(JsonElement? content)
    {
        var text = content switch
        {
            { ValueKind: JsonValueKind.String } whole => whole,
            { ValueKind: JsonValueKind.Array } blocks => blocks.EnumerateArray().LastOrDefault(block => block.Is("type"u8, "text"u8)).Member("text"u8),
            _ => null,
        };
        return text is { ValueKind: JsonValueKind.String } found ? found : null;
    }
}

/// <summary>A tool whose result came back.</summary>
/// <param name="IsError">The client did not run it, or it failed.</param>
public readonly record struct AnsweredToolUse(string Id, bool IsError);

/// <summary>The session a Claude Code client hides in <c>metadata.user_id</c>.</summary>
internal static class ClientSession
{
    private const string OldMarker = "_session_";

    public static string? Find(string? userId)
    {
        if (string.IsNullOrEmpty(userId))
        {
            return null;
        }
        if (userId[0] == '{')
        {
            return WireJson.TryParse(System.Text.Encoding.UTF8.GetBytes(userId), out var root, out _) ? NotEmpty(root.Text("session_id"u8)) : null;
        }
        var marker = userId.LastIndexOf(OldMarker, StringComparison.Ordinal);
        return marker < 0 ? null : NotEmpty(userId[(marker + OldMarker.Length)..]);
    }

    private static string? NotEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
