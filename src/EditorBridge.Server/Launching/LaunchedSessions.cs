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

    /// <summary>
    /// Records one attempt. False when it could not be recorded, which for an allowed one means that it must not be made. A refused one is counted here,
    /// an allowed one with <see cref="LaunchedSession.Count"/> once it is known what became of it.
    /// </summary>
    public async Task<bool> RecordAsync(LaunchedSession launch, string host, int port, string method, bool allowed, string? reason)
    {
        // A client in a loop must not fill the ledger; the summary still counts every attempt.
        if (!allowed && !launch.Count(host, port, EgressEnd.Refused)) return true;
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
                ["unreached"] = summary.Unreached,
                ["hosts"] = new JsonArray([.. summary.Hosts.Select(host => new JsonObject { ["host"] = host.Host, ["refused"] = host.Refused, ["letOut"] = host.LetOut, ["unreached"] = host.Unreached })]),
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
    private readonly Dictionary<string, EgressCount> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private EgressCount _all = new("all", 0, 0, 0);

    public string Id => id;
    public string Secret => secret;
    public string CallId => "launch-" + id;
    public string Actor { get; } = "agent:" + (program.Length is > 0 and <= 100 ? program : "unknown");

    /// <summary>The client's own name of its session, once a request has told it.</summary>
    public string? Session { get; set; }

    public bool Knows(string given) => CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), _digest);

    /// <summary>Counts an attempt; false when it is one of so many that it is only counted.</summary>
    public bool Count(string host, int port, EgressEnd end)
    {
        lock (_hosts)
        {
            var key = $"{host}:{port}";
            if (!_hosts.ContainsKey(key) && _hosts.Count >= HostsKept) key = "(other hosts)";
            _hosts[key] = (_hosts.GetValueOrDefault(key) ?? new EgressCount(key, 0, 0, 0)).And(end);
            _all = _all.And(end);
            return _all.Of(end) <= RecordedOneByOne;
        }
    }

    public EgressSummary Summary()
    {
        lock (_hosts)
        {
            return new EgressSummary(Session, _all, [.. _hosts.Values.OrderByDescending(host => host.Tried)]);
        }
    }
}

/// <summary>What became of an attempt to reach a host.</summary>
internal enum EgressEnd
{
    /// <summary>Policy, or the lack of a record, stood against it.</summary>
    Refused,
    /// <summary>The tunnel stood.</summary>
    LetOut,
    /// <summary>It was allowed, and the host was not there, or its name led back to this machine.</summary>
    Unreached,
}

/// <summary>Attempts to reach one host, as <c>host:port</c>.</summary>
internal sealed record EgressCount(string Host, int Refused, int LetOut, int Unreached)
{
    public int Tried => Refused + LetOut + Unreached;

    public int Of(EgressEnd end) => end switch
    {
        EgressEnd.Refused => Refused,
        EgressEnd.LetOut => LetOut,
        EgressEnd.Unreached => Unreached,
        _ => throw new ArgumentOutOfRangeException(nameof(end), end, "An end without a count."),
    };

    public EgressCount And(EgressEnd end) => end switch
    {
        EgressEnd.Refused => this with { Refused = Refused + 1 },
        EgressEnd.LetOut => this with { LetOut = LetOut + 1 },
        EgressEnd.Unreached => this with { Unreached = Unreached + 1 },
        _ => throw new ArgumentOutOfRangeException(nameof(end), end, "An end without a count."),
    };
}

/// <summary>Where one launched session tried to connect.</summary>
internal sealed record EgressSummary(string? Session, EgressCount All, ImmutableArray<EgressCount> Hosts)
{
    private const int Named = 5;

    public int Refused => All.Refused;
    public int LetOut => All.LetOut;
    public int Unreached => All.Unreached;

    /// <summary>False when the summary could not be written to the ledger.</summary>
    public bool Recorded { get; init; } = true;

    /// <summary>For people: what was tried, and that nothing was let out, or where to.</summary>
    public string Sentence
    {
        get
        {
            var whose = Session is null ? "This session" : $"Session {Session}";
            if (All.Tried == 0) return $"{whose} tried to reach nothing but the account.";
            var letOut = LetOut == 0
                ? "nothing was let out"
                : $"{(LetOut == 1 ? "1 was" : $"{LetOut} were")} let out, as the managed policy allows: {Listed(EgressEnd.LetOut)}";
            var unreached = Unreached == 0 ? "" : $"{(Unreached == 1 ? "1 that is allowed was" : $"{Unreached} that are allowed were")} not reached ({Listed(EgressEnd.Unreached)}); ";
            var refused = Refused == 0 ? "" : $"{(Refused == 1 ? "1 connection elsewhere was" : $"{Refused} connections elsewhere were")} refused ({Listed(EgressEnd.Refused)}); ";
            return $"{whose}: {refused}{unreached}{letOut}.";
        }
    }

    private string Listed(EgressEnd end)
    {
        var all = Hosts.Where(host => host.Of(end) > 0).Select(host => $"{host.Host} ×{host.Of(end)}").ToArray();
        return string.Join(", ", all.Take(Named)) + (all.Length > Named ? $" and {all.Length - Named} more hosts" : "");
    }
}
