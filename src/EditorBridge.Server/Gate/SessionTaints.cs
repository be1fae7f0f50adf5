using System.Collections.Frozen;
using System.Collections.Immutable;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Sql;
using EditorBridge.Trust;

namespace EditorBridge.Gate;

/// <summary>
/// What agents have taken in, for as long as it can steer them: which servers' texts nobody here wrote, whether data of the account, and hashes of pieces of it all.
/// Kept by session and by folder, because a second session, a sub-agent or another client in the same project works on with what the first one wrote down.
/// </summary>
internal sealed class SessionTaints(TimeProvider time)
{
    /// <summary>A working day.</summary>
    private static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(12);

    /// <summary>What another session of the same folder took in counts for less long: a folder never ends.</summary>
    private static readonly TimeSpan FolderLifetime = TimeSpan.FromHours(1);

    private const int MostKeys = 500;
    private const int MostTexts = 32;
    private const int MostPieces = 8_000;

    // Names of findings, listed in docs/mcp-trust.md.
    private const string CarriedId = "taint.carried";
    private const string UntrustedId = "taint.untrusted";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedList<Taken>> _taken = new(StringComparer.Ordinal);

    /// <summary>An agent has been given a result.</summary>
    /// <param name="source">The server's name, or "the account"; calls of the same server do not carry its own words out.</param>
    public void TookIn(ActionRequest asked, Taint taint, string source, string text)
    {
        var taken = new Taken(time.GetUtcNow(), taint, source, Shingles.Of(text, MostPieces));
        lock (_lock)
        {
            foreach (var (key, _) in Keys(asked))
            {
                if (!_taken.TryGetValue(key, out var list)) _taken[key] = list = new LinkedList<Taken>();
                list.AddFirst(taken);
                if (list.Count > MostTexts) Fold(list);
            }

            while (_taken.Count > MostKeys) _taken.Remove(_taken.MinBy(t => t.Value.First!.Value.At).Key);
        }
    }

    /// <summary>What taint asks of an action beyond policy; null for nothing.</summary>
    public (TaintDecision Decision, Finding Finding)? Judge(ActionRequest request, PolicyExplanation explained)
    {
        var server = ServerOf(request.Tool);
        var taken = Of(request).Where(t => t.Source != server).ToArray();
        if (taken.Length == 0 || WayOut(request, explained) is not { } wayOut) return null;
        var carried = Shingles.Common(request.Input, [.. taken.Select(t => t.Pieces)]);
        // A tool known to only read takes its input out all the same, so what it carries counts; that it is called does not.
        var decision = wayOut == Out.Argument
            ? TaintRules.Judge(Taint.None, [], canSendOut: true, carried)
            : TaintRules.Judge(taken.Aggregate(Taint.None, (all, t) => all | t.Taint), [.. taken.Where(t => t.Taint.HasFlag(Taint.Untrusted)).Select(t => t.Source)], canSendOut: true, carried);
        return decision is null ? null : (decision, new Finding(carried is null ? UntrustedId : CarriedId, decision.Severity, decision.Reason, -1, 0));
    }

    /// <summary>Whether a text that is to go to a call's server, past the gate, holds a piece of what somebody else answered.</summary>
    /// <param name="asked">The call, which the gate has admitted.</param>
    public bool Carries(ActionRequest asked, string text)
    {
        var server = ServerOf(asked.Tool);
        return Shingles.Common(text, [.. Of(asked).Where(t => t.Source != server).Select(t => t.Pieces)]) is not null;
    }

    private enum Out
    {
        /// <summary>Only what stands in the input goes out.</summary>
        Argument,
        /// <summary>The call itself does something elsewhere.</summary>
        Call,
    }

    private static Out? WayOut(ActionRequest request, PolicyExplanation explained)
    {
        if (request.Tool is "WebFetch" or "WebSearch") return Out.Call;
        if (ServerOf(request.Tool) is not null) return request.KnownReadOnly ? Out.Argument : Out.Call;
        return explained.Parts.Any(part => part.Part.Statement?.Class == StatementClass.Exfil || part.Part.Findings.Any(finding => finding.Id is ShellIds.Upload or ShellIds.Publish or ShellIds.Remote)) ? Out.Call : null;
    }

    /// <summary>The server a tool belongs to, by the tool's name; null for the gateway's own tools and those of the client.</summary>
    private static string? ServerOf(string tool) => McpToolName.Of(tool) is { } name && name.Server != McpToolName.Gateway ? name.Server : null;

    private Taken[] Of(ActionRequest request)
    {
        var now = time.GetUtcNow();
        lock (_lock) return [.. Keys(request).SelectMany(key => _taken.TryGetValue(key.Key, out var list) ? list.Where(t => now - t.At < key.Lifetime) : [])];
    }

    // A client that says neither is known by its name alone.
    private static IEnumerable<(string Key, TimeSpan Lifetime)> Keys(ActionRequest request)
    {
        if (request.SessionId is { } session) yield return ("session " + session, SessionLifetime);
        if (request.Workspace is { } folder) yield return ("folder " + folder, FolderLifetime);
        if (request.SessionId is null && request.Workspace is null) yield return ("client " + request.Actor, SessionLifetime);
    }

    // The oldest two become one without pieces: that they were taken in is not forgotten.
    private static void Fold(LinkedList<Taken> list)
    {
        var oldest = list.Last!.Value;
        list.RemoveLast();
        if (list.Any(t => t.Source == oldest.Source && t.Taint.HasFlag(oldest.Taint))) return;
        list.RemoveLast();
        list.AddLast(oldest with { Pieces = FrozenSet<ulong>.Empty });
    }

    private sealed record Taken(DateTimeOffset At, Taint Taint, string Source, FrozenSet<ulong> Pieces);
}
