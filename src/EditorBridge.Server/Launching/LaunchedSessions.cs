using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;

namespace EditorBridge.Launching;

/// <summary>
/// The agents that were started by the launcher and still run: each has its own credential for the forward proxy, and an account of
/// where it tried to connect. What was not let out is a recorded fact of the session, not a promise.
/// </summary>
internal sealed partial class LaunchedSessions(LedgerWriter ledger, ILogger<LaunchedSessions> logger)
{
    private readonly ConcurrentDictionary<string, LaunchedSession> _open = new(StringComparer.Ordinal);

    public LaunchedSession Open(string program)
    {
        var launch = new LaunchedSession(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)), program);
        _open[launch.Id] = launch;
        return launch;
    }

    /// <summary>The launch these proxy credentials belong to; null when they belong to none.</summary>
    public LaunchedSession? Find(string id, string secret) =>
        _open.TryGetValue(id, out var launch) && launch.Knows(secret) ? launch : null;

    /// <summary>Notes which session of the client a launch turned out to be. The client names both; a wrong name only mislabels its own record.</summary>
    public void Seen(string? launchId, string? sessionId)
    {
        if (launchId is { Length: > 0 } && sessionId is not null && _open.TryGetValue(launchId, out var launch)) launch.Session = sessionId;
    }

    /// <summary>Records one attempt. False when it could not be recorded, which for an allowed one means that it must not be made.</summary>
    public async Task<bool> RecordAsync(LaunchedSession launch, string host, int port, string method, bool allowed, string? reason)
    {
        // A client in a loop must not fill the ledger; the summary still counts every attempt.
        if (!launch.Count(host, port, allowed) && !allowed) return true;
        return await AppendAsync(new AuditDraft
        {
            Kind = allowed ? EntryKind.EgressAllowed : EntryKind.EgressRefused,
            CallId = launch.CallId,
            SessionId = launch.Session,
            Actor = launch.Actor,
            Door = "proxy",
            Subject = $"{host}:{port}",
            Result = allowed ? "allow" : "deny",
            Severity = allowed ? "medium" : "low",
            Facts = new JsonObject { ["host"] = host, ["port"] = port, ["method"] = method, ["launch"] = launch.Id, ["reason"] = reason },
        });
    }

    /// <summary>Ends a launch and records what it tried; null when it is not known (any more).</summary>
    public async Task<EgressSummary?> EndAsync(string launchId, string how)
    {
        if (!_open.TryRemove(launchId, out var launch)) return null;
        var summary = launch.Summary();
        var recorded = await AppendAsync(new AuditDraft
        {
            Kind = EntryKind.EgressSummary,
            CallId = launch.CallId,
            SessionId = launch.Session,
            Actor = launch.Actor,
            Door = "proxy",
            Subject = summary.Sentence,
            Result = summary.LetOut == 0 ? "none_let_out" : "let_out",
            Facts = new JsonObject
            {
                ["launch"] = launch.Id,
                ["ended"] = how,
                ["refused"] = summary.Refused,
                ["letOut"] = summary.LetOut,
                ["hosts"] = new JsonArray([.. summary.Hosts.Select(host => new JsonObject { ["host"] = host.Host, ["refused"] = host.Refused, ["letOut"] = host.LetOut })]),
            },
        });
        return summary with { Recorded = recorded };
    }

    /// <summary>At the host's end: whoever still runs is cut off from the forward proxy, so its account can be closed.</summary>
    public async Task EndAllAsync()
    {
        foreach (var id in _open.Keys) await EndAsync(id, "host_stopped");
    }

    private async Task<bool> AppendAsync(AuditDraft draft)
    {
        try
        {
            await ledger.AppendAsync(draft);
            return true;
        }
        catch (LedgerUnavailableException e)
        {
            LogNotRecorded(draft.Subject, e);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Critical, "The egress entry for {Subject} could not be recorded")]
    private partial void LogNotRecorded(string? subject, Exception exception);
}

/// <summary>One agent the launcher started.</summary>
/// <param name="id">Names the launch; no secret.</param>
/// <param name="secret">The password for the forward proxy. It is in the agent's environment, so it proves which launch calls and nothing more.</param>
internal sealed class LaunchedSession(string id, string secret, string program)
{
    private const int RecordedOneByOne = 1000;
    private const int HostsKept = 200;
    private readonly byte[] _digest = SHA256.HashData(Encoding.UTF8.GetBytes(secret));
    private readonly Dictionary<string, (int Refused, int LetOut)> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private int _refused;
    private int _letOut;

    public string Id => id;
    public string Secret => secret;
    public string CallId => "launch-" + id;
    public string Actor { get; } = "agent:" + (program.Length is > 0 and <= 100 ? program : "unknown");

    /// <summary>The client's own name of its session, once a request has told it.</summary>
    public string? Session { get; set; }

    public bool Knows(string given) => CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), _digest);

    /// <summary>Counts an attempt; false when it is one of so many that it is only counted.</summary>
    public bool Count(string host, int port, bool allowed)
    {
        lock (_hosts)
        {
            var key = $"{host}:{port}";
            if (!_hosts.ContainsKey(key) && _hosts.Count >= HostsKept) key = "(other hosts)";
            var (refused, letOut) = _hosts.GetValueOrDefault(key);
            _hosts[key] = allowed ? (refused, letOut + 1) : (refused + 1, letOut);
            return (allowed ? ++_letOut : ++_refused) <= RecordedOneByOne;
        }
    }

    public EgressSummary Summary()
    {
        lock (_hosts)
        {
            return new EgressSummary(Session, _refused, _letOut, [.. _hosts.OrderByDescending(host => host.Value.Refused + host.Value.LetOut).Select(host => new EgressCount(host.Key, host.Value.Refused, host.Value.LetOut))]);
        }
    }
}

/// <summary>Attempts to reach one host, as <c>host:port</c>.</summary>
internal sealed record EgressCount(string Host, int Refused, int LetOut);

/// <summary>Where one launched session tried to connect.</summary>
internal sealed record EgressSummary(string? Session, int Refused, int LetOut, ImmutableArray<EgressCount> Hosts)
{
    private const int Named = 5;

    /// <summary>False when the summary could not be written to the ledger.</summary>
    public bool Recorded { get; init; } = true;

    /// <summary>For people: what was tried, and that nothing was let out, or where to.</summary>
    public string Sentence
    {
        get
        {
            var whose = Session is null ? "This session" : $"Session {Session}";
            if (Refused + LetOut == 0) return $"{whose} tried to reach nothing but the account.";
            var refused = Listed(Hosts.Where(host => host.Refused > 0).Select(host => $"{host.Host} ×{host.Refused}"));
            var letOut = LetOut == 0
                ? "nothing was let out"
                : $"{(LetOut == 1 ? "1 was" : $"{LetOut} were")} let out, as the managed policy allows: {Listed(Hosts.Where(host => host.LetOut > 0).Select(host => $"{host.Host} ×{host.LetOut}"))}";
            return Refused == 0 ? $"{whose}: {letOut}." : $"{whose}: {(Refused == 1 ? "1 connection elsewhere was" : $"{Refused} connections elsewhere were")} refused ({refused}); {letOut}.";
        }
    }

    private static string Listed(IEnumerable<string> hosts)
    {
        var all = hosts.ToArray();
        return string.Join(", ", all.Take(Named)) + (all.Length > Named ? $" and {all.Length - Named} more hosts" : "");
    }
}
