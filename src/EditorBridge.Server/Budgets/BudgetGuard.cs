using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Messages;
using EditorBridge.Policies;

namespace EditorBridge.Budgets;

/// <summary>What the budgets say to a request: at most one of the two is there.</summary>
/// <param name="Refusal">A hard limit is reached: nothing may leave.</param>
/// <param name="Note">A soft limit is reached: for the answer's header <c>x-editorbridge-note</c>.</param>
internal readonly record struct BudgetAnswer(AnthropicError? Refusal, string? Note);

/// <summary>
/// Keeps the limits of <c>budgets.yaml</c>: asked before a request leaves, told what it used afterwards. A limit is reached when what has been counted is at
/// or above it, so requests under way at once may end above it together.
/// </summary>
internal sealed class BudgetGuard(ImmutableArray<Limit> limits, ModelPrices prices, StateFolder state, LedgerWriter ledger, AgentSessions sessions, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly HashSet<(string Limit, string Key, DateTimeOffset RenewsAt)> _told = [];
    private LimitCounts? _counts;

    /// <summary>Raised outside any lock when a count may have changed.</summary>
    public event Action? Changed;

    /// <summary>The folder an agent's session works in, as its hook told it.</summary>
    public string? ProjectOf(string? sessionId) => sessionId is null ? null : sessions.WorkspaceOf(sessionId);

    /// <summary>Counts a request that is about to leave, or says why it may not.</summary>
    /// <exception cref="LedgerUnavailableException">A limit was reached and that could not be recorded: send nothing.</exception>
    public async ValueTask<BudgetAnswer> AdmitAsync(string callId, string actor, LimitedUse use, CancellationToken cancellationToken)
    {
        if (limits.IsEmpty) return default;
        LimitState[] states;
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (await CountsAsync(cancellationToken) is not { } counts)
                return new(AnthropicErrors.Refused($"The ledger cannot be read, so it is not known what the budgets in {BudgetFile.Name} have left. Nothing was sent. Look at: editorbridge ledger status"), null);
            states = [.. counts.StatesFor(use, time.GetUtcNow())];
            if (Unpriced(states, use.Model) is { } unpriced) return new(unpriced, null);
            if (!states.Any(limit => limit.IsHard)) counts.Sent(use, time.GetUtcNow());
        }
        finally
        {
            _one.Release();
        }

        Changed?.Invoke();
        if (states.FirstOrDefault(limit => limit.IsHard) is { } hard)
        {
            await ledger.AppendAsync(Entry(callId, actor, use, hard, isHard: true));
            var wait = hard.RenewsAt - time.GetUtcNow();
            return new(AnthropicErrors.Refused(LimitWords.Refusal(hard)) with { RetryAfter = wait <= TimeSpan.FromHours(1) ? wait : null }, null);
        }

        var soft = states.Where(limit => limit.IsSoft).ToArray();
        foreach (var limit in soft)
        {
            // Once per window: the note goes with every answer, the entry only tells that it began.
            lock (_told)
                if (!_told.Add((limit.Limit.Name, limit.Key, limit.RenewsAt)))
                    continue;
            await ledger.AppendAsync(Entry(callId, actor, use, limit, isHard: false));
        }

        return new(null, soft.Length == 0 ? null : string.Join("; ", soft.Select(LimitWords.Note)));
    }

    /// <summary>Counts what a request used.</summary>
    public async ValueTask EndedAsync(LimitedUse use, TokenUsage usage)
    {
        if (limits.IsEmpty || usage.IsEmpty) return;
        await _one.WaitAsync(CancellationToken.None);
        try
        {
            _counts?.Used(use, usage, time.GetUtcNow());
        }
        finally
        {
            _one.Release();
        }

        Changed?.Invoke();
    }

    /// <summary>All counts as they stand; null when the ledger cannot be read.</summary>
    public async Task<ImmutableArray<LimitState>?> StatesAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            return (await CountsAsync(cancellationToken))?.States(time.GetUtcNow());
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<LimitCounts?> CountsAsync(CancellationToken cancellationToken)
    {
        if (_counts is not null) return _counts;
        try
        {
            using var reader = LedgerReader.Open(state.LedgerFolder, TimeSpan.FromSeconds(30));
            return _counts = await LedgerCounts.ReadAsync(limits, prices, reader, time.GetUtcNow(), cancellationToken);
        }
        catch (Exception e) when (e is LedgerUnreadableException or LedgerQueryTimeoutException)
        {
            return null;
        }
    }

    // What has no price would pass below any amount.
    private AnthropicError? Unpriced(LimitState[] states, string model) =>
        states.FirstOrDefault(state => state.Limit is { Count: LimitMeasure.Dollars, Hard: not null }) is { } limit && prices.Estimate(model, default) is null
            ? AnthropicErrors.Refused($"The budget \"{limit.Limit.Name}\" ({LimitWords.Place(limit.Limit)}) limits dollars, and {model} has no price. Add it to prices.json in the state folder and restart the host. Nothing was sent.")
            : null;

    private static AuditDraft Entry(string callId, string actor, LimitedUse use, LimitState state, bool isHard) => new()
    {
        Kind = EntryKind.LimitReached,
        CallId = callId,
        SessionId = use.Session,
        Actor = actor,
        Door = "proxy",
        Model = use.Model,
        Subject = state.Limit.Name,
        Result = isHard ? "hard" : "soft",
        Facts = new JsonObject
        {
            ["limit"] = state.Limit.Name,
            ["setting"] = LimitWords.Place(state.Limit),
            ["scope"] = PolicyWords.Of(state.Limit.Per),
            ["key"] = state.Key,
            ["measure"] = PolicyWords.Of(state.Limit.Count),
            ["used"] = state.Used.ToString(CultureInfo.InvariantCulture),
            ["bound"] = (isHard ? state.Limit.Hard : state.Limit.Soft)?.ToString(CultureInfo.InvariantCulture),
            ["renewsAt"] = state.RenewsAt.ToString("O"),
        },
    };
}
