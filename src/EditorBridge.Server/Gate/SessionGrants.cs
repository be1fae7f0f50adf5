using System.Collections.Immutable;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Review;

namespace EditorBridge.Gate;

/// <summary>A person's "the same again in this session".</summary>
/// <param name="Id">Short enough to type: <c>sg_…</c>.</param>
/// <param name="CallId">The call it was given for; its end is recorded there.</param>
internal sealed record SessionGrant(
    string Id, string SessionId, SessionScope Scope, string Title, string Person, string ReviewId, string CallId, string? Workspace, string PolicyVersion, DateTimeOffset GivenAt, DateTimeOffset ExpiresAt)
{
    /// <summary>How often an action has run under it.</summary>
    public int Uses { get; init; }
}

/// <summary>Why a session grant ended.</summary>
internal enum SessionGrantEnd
{
    Revoked,
    Expired,
    SessionEnded,
    PolicyChanged,
}

/// <summary>
/// The session grants in force. They live in this process only: a host that starts has none. Each is durable with the verdict it came with, each use is the entry of the
/// action it released, and each end is an entry.
/// </summary>
internal sealed partial class SessionGrants(LedgerWriter ledger, TimeProvider time, ILogger<SessionGrants> logger) : IDisposable
{
    /// <summary>Long enough for a piece of work, short enough that nobody forgets it.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Held> _grants = new(StringComparer.Ordinal);

    /// <summary>Called outside any lock, when a grant began or ended or was used.</summary>
    public event Action? Changed;

    /// <summary>The oldest first.</summary>
    public ImmutableArray<SessionGrant> InForce
    {
        get { lock (_lock) return [.. _grants.Values.Select(held => held.Grant).OrderBy(grant => grant.GivenAt)]; }
    }

    /// <summary>The grant a verdict on this review would give; nothing is in force yet.</summary>
    public SessionGrant Draft(ReviewItem item, string person)
    {
        var now = time.GetUtcNow();
        return new SessionGrant(
            "sg_" + Guid.CreateVersion7().ToString("N")[^10..], item.SessionId!, item.SessionScope!, item.Title, person, item.Id, item.CallId, item.Workspace, item.Decision.PolicyVersion, now, now + Lifetime);
    }

    /// <summary>Puts a grant in force. Its verdict is durable by then.</summary>
    public void Begin(SessionGrant grant)
    {
        var clock = time.CreateTimer(_ => _ = EndAsync([grant.Id], SessionGrantEnd.Expired, "host"), null, grant.ExpiresAt - time.GetUtcNow(), Timeout.InfiniteTimeSpan);
        lock (_lock) _grants.Add(grant.Id, new Held(grant, clock));
        LogBegan(grant.Id, grant.Scope.Same, grant.Person);
        Changed?.Invoke();
    }

    /// <summary>The grant that covers an action, counted as used; null when a person has to be asked.</summary>
    public SessionGrant? Use(string? sessionId, SessionScope? scope)
    {
        if (sessionId is null || scope is null) return null;
        SessionGrant? found;
        lock (_lock)
        {
            var held = _grants.Values.FirstOrDefault(each => each.Grant.SessionId == sessionId && each.Grant.Scope.Key == scope.Key && each.Grant.ExpiresAt > time.GetUtcNow());
            if (held is not null) held.Grant = held.Grant with { Uses = held.Grant.Uses + 1 };
            found = held?.Grant;
        }

        if (found is not null) Changed?.Invoke();
        return found;
    }

    /// <summary>Takes a grant back; false when there is none of this id.</summary>
    /// <exception cref="LedgerUnavailableException">It is out of force, but that could not be recorded.</exception>
    public async Task<bool> RevokeAsync(string id, string person) => await EndAsync([id], SessionGrantEnd.Revoked, "person:" + person) > 0;

    /// <summary>Ends what was given under another policy.</summary>
    public Task PolicyIsAsync(string? workspace, string policyVersion) =>
        EndAsync(Where(grant => grant.Workspace == workspace && grant.PolicyVersion != policyVersion), SessionGrantEnd.PolicyChanged, "host");

    public Task SessionEndedAsync(string sessionId) => EndAsync(Where(grant => grant.SessionId == sessionId), SessionGrantEnd.SessionEnded, "host");

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var held in _grants.Values) held.Clock.Dispose();
            _grants.Clear();
        }
    }

    private string[] Where(Func<SessionGrant, bool> fits)
    {
        lock (_lock) return [.. _grants.Values.Select(held => held.Grant).Where(fits).Select(grant => grant.Id)];
    }

    // Out of force first, recorded then: an end that cannot be recorded is an end all the same.
    private async Task<int> EndAsync(string[] ids, SessionGrantEnd why, string actor)
    {
        var ended = new List<Held>();
        lock (_lock)
        {
            foreach (var id in ids)
                if (_grants.Remove(id, out var held)) ended.Add(held);
        }

        if (ended.Count == 0) return 0;
        foreach (var held in ended) await held.Clock.DisposeAsync();
        Changed?.Invoke();
        foreach (var held in ended) LogEnded(held.Grant.Id, why);
        try
        {
            await ledger.AppendAllAsync([.. ended.Select(held => Entry(held.Grant, why, actor))]);
        }
        catch (LedgerUnavailableException e) when (why != SessionGrantEnd.Revoked)
        {
            LogEndNotRecorded(ended[0].Grant.Id, e);
        }

        return ended.Count;
    }

    private static AuditDraft Entry(SessionGrant grant, SessionGrantEnd why, string actor) => new()
    {
        Kind = EntryKind.GrantEnded,
        CallId = grant.CallId,
        SessionId = grant.SessionId,
        Actor = actor,
        Subject = grant.Title,
        Result = GateEntries.Wirename(why),
        Facts = new JsonObject { ["sessionGrant"] = grant.Id, ["reviewId"] = grant.ReviewId, ["uses"] = grant.Uses },
    };

    private sealed class Held(SessionGrant grant, ITimer clock)
    {
        public SessionGrant Grant { get; set; } = grant;
        public ITimer Clock => clock;
    }

    [LoggerMessage(LogLevel.Information, "Session grant {Id} by {Person}: {Same}")]
    private partial void LogBegan(string id, string same, string person);

    [LoggerMessage(LogLevel.Information, "Session grant {Id} ended: {Why}")]
    private partial void LogEnded(string id, SessionGrantEnd why);

    [LoggerMessage(LogLevel.Error, "The end of session grant {Id} could not be recorded")]
    private partial void LogEndNotRecorded(string id, Exception exception);
}
