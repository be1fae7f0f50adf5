namespace EditorBridge.Proxy;

/// <summary>What a client is sent while a person decides about a call of its answer.</summary>
internal enum KeepAliveForm
{
    /// <summary>
    /// Empty deltas in a text block that stays empty. Every measured Claude Code takes them as content (900 s on 2.1.112, 2.1.197 and 2.1.330) and keeps nothing of them in
    /// its history; other clients would keep an empty block.
    /// </summary>
    EmptyText,

    /// <summary>The API's own <c>ping</c>: it leaves no trace anywhere, but Claude Code 2.1.197 gives up after 300 s of nothing else, 2.1.330 after 600 s.</summary>
    Ping,

    /// <summary>A <c>message_delta</c> without a stop reason and with the usage so far, for clients that count neither.</summary>
    MessageDelta,
}

/// <summary>Which client is kept waiting how, by the name of its program: the part of its <c>User-Agent</c> before the slash.</summary>
internal static class KeepAliveProfiles
{
    /// <summary>Stands for every client without a profile of its own.</summary>
    public const string AnyClient = "*";

    /// <summary>Only Claude Code's own waiting has been measured; what the API itself sends while it thinks is right for all others.</summary>
    public static readonly IReadOnlyDictionary<string, KeepAliveForm> Default = new Dictionary<string, KeepAliveForm>(StringComparer.OrdinalIgnoreCase)
    {
        ["claude-code"] = KeepAliveForm.EmptyText,
        [AnyClient] = KeepAliveForm.Ping,
    };

    /// <param name="own">The person's own profiles; they stand before the shipped ones.</param>
    public static IReadOnlyDictionary<string, KeepAliveForm> With(IReadOnlyDictionary<string, KeepAliveForm> own) =>
        new Dictionary<string, KeepAliveForm>(Default.Concat(own).GroupBy(pair => pair.Key, StringComparer.OrdinalIgnoreCase).Select(pairs => pairs.Last()), StringComparer.OrdinalIgnoreCase);

    /// <param name="actor">As <see cref="RequestHeaders.Actor"/> names it: <c>agent:claude-code/2.1.330</c>.</param>
    public static KeepAliveForm For(this IReadOnlyDictionary<string, KeepAliveForm> profiles, string actor)
    {
        var program = actor["agent:".Length..].Split('/')[0];
        return profiles.TryGetValue(program, out var own) ? own : profiles[AnyClient];
    }
}
