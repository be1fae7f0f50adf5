using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Messages;

/// <summary>The language a request leaves in.</summary>
public enum UpstreamDialect
{
    /// <summary>Anthropic's own, on <c>/v1/messages</c>: every Claude model.</summary>
    Messages,
    /// <summary>OpenAI's, on <c>/v1/chat/completions</c>: every other model.</summary>
    ChatCompletions,
    /// <summary>Snowflake's older <c>inference:complete</c>, for accounts without the others.</summary>
    InferenceComplete,
}

/// <summary>A request ready to leave, in the dialect its model speaks.</summary>
public sealed record UpstreamRequest
{
    public required UpstreamDialect Dialect { get; init; }

    public required ReadOnlyMemory<byte> Body { get; init; }

    public required ImmutableArray<KeyValuePair<string, string>> Headers { get; init; }

    public required string Model { get; init; }

    public required bool Stream { get; init; }

    public required ImmutableArray<Removal> Removals { get; init; }

    /// <summary>The output limit asked for: other dialects do not say when an answer was cut by it.</summary>
    public required long MaxTokens { get; init; }

    /// <summary>Tokens the prompt is estimated to have, for a stream's start.</summary>
    public long PromptEstimate { get; init; }

    /// <summary>Tool names as they leave, to the client's: other dialects allow 64 characters only.</summary>
    public ImmutableDictionary<string, string> ToolNames { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Sanitises and, where the model needs it, translates. False with an error when the request can only be refused.</summary>
    /// <param name="legacy">Use <c>inference:complete</c> for everything.</param>
    public static bool TryPrepare(MessagesRequest request, AnthropicHeaders headers, SanitizerRules rules, bool legacy, out UpstreamRequest prepared, out AnthropicError error)
    {
        prepared = null!;
        if (!CortexSanitizer.TrySanitize(request, headers, rules, out var sent, out error))
        {
            return false;
        }
        var claude = ModelNames.IsClaude(sent.Model);
        var log = new RemovalLog();
        var made = new UpstreamRequest
        {
            Dialect = legacy ? UpstreamDialect.InferenceComplete : claude ? UpstreamDialect.Messages : UpstreamDialect.ChatCompletions,
            Body = sent.Body,
            Headers = sent.Headers,
            Model = sent.Model,
            Stream = request.Stream,
            Removals = sent.Removals,
            MaxTokens = Math.Max(1, request.MaxTokens),
        };
        if (made.Dialect == UpstreamDialect.Messages)
        {
            prepared = made;
            return true;
        }
        if (!WireJson.TryParse(sent.Body, out var root, out var problem))
        {
            error = AnthropicErrors.InvalidRequest(problem);
            return false;
        }
        var names = ToolNaming.Of(request.ToolNames);
        byte[] body;
        if (made.Dialect == UpstreamDialect.ChatCompletions)
        {
            if (!ChatRequestWriter.TryWrite(root, sent.Model, names, log, out body, out error))
            {
                return false;
            }
        }
        else
        {
            body = NativeRequestWriter.Write(root, log);
        }
        prepared = made with
        {
            Body = body,
            Headers = [],
            Removals = [.. sent.Removals, .. log.ToImmutable()],
            ToolNames = names.DistinctBy(pair => pair.Value, StringComparer.Ordinal).ToImmutableDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal),
            PromptEstimate = TokenEstimator.Estimate(request),
        };
        return true;
    }
}

/// <summary>Names of tools and calls that every dialect takes.</summary>
internal static class ToolNaming
{
    private const int Longest = 64;

    /// <summary>The client's names to shorter ones of the allowed letters; the same in every turn.</summary>
    public static Dictionary<string, string> Of(IEnumerable<string> names) =>
        names.Distinct(StringComparer.Ordinal).ToDictionary(name => name, Short, StringComparer.Ordinal);

    /// <summary>Keeps a call's id where others take it, and makes one of it otherwise; equal ids stay equal.</summary>
    public static string CallId(string id) => id.Length is > 0 and <= Longest && id.All(Allowed) ? id : $"toolu_{Digest(id, 24)}";

    public static string Short(string name) => name.Length is > 0 and <= Longest && name.All(Allowed)
        ? name
        : $"{string.Concat(name.Select(letter => Allowed(letter) ? letter : '_').Take(Longest - 9))}_{Digest(name, 8)}";

    private static bool Allowed(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-';

    private static string Digest(string text, int length) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..length];
}
