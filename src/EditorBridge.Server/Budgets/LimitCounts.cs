using System.Collections.Immutable;
using EditorBridge.Messages;

namespace EditorBridge.Budgets;

/// <summary>The counts of all limits: fed with requests and their tokens in any order of time, and asked what has been reached. Not for several threads at once.</summary>
internal sealed class LimitCounts(ImmutableArray<Limit> limits, ModelPrices prices)
{
    private readonly Dictionary<(int Limit, string Key), (DateTimeOffset Start, decimal Used)> _counts = [];

    /// <summary>The earliest moment any limit still counts; null when there are no limits.</summary>
    public static DateTimeOffset? Earliest(ImmutableArray<Limit> limits, DateTimeOffset now) => limits.IsEmpty ? null : limits.Min(limit => limit.StartOf(now));

    /// <summary>A request has left for the account.</summary>
    public void Sent(LimitedUse use, DateTimeOffset at) => Add(use, at, limit => limit.Count == LimitMeasure.Requests ? 1 : 0);

    /// <summary>The account has said what a request used.</summary>
    public void Used(LimitedUse use, TokenUsage usage, DateTimeOffset at) => Add(use, at, limit => limit.Count switch
    {
        LimitMeasure.Requests => 0,
        LimitMeasure.Tokens => usage.Prompt + (usage.Output ?? 0),
        LimitMeasure.OutputTokens => usage.Output ?? 0,
        LimitMeasure.Dollars => prices.Estimate(use.Model, usage) ?? 0,
        _ => throw new ArgumentOutOfRangeException(nameof(usage), limit.Count, "A measure that is not counted."),
    });

    /// <summary>The counts a request would fall into.</summary>
    public IEnumerable<LimitState> StatesFor(LimitedUse use, DateTimeOffset now)
    {
        for (var i = 0; i < limits.Length; i++)
            if (limits[i].KeyOf(use) is { } key)
                yield return State(i, key, now);
    }

    /// <summary>All counts that run, the fullest first; a limit without any stands with zero.</summary>
    public ImmutableArray<LimitState> States(DateTimeOffset now) =>
    [
        .. Enumerable.Range(0, limits.Length)
            .SelectMany(i => _counts.Keys.Where(key => key.Limit == i).Select(key => key.Key).DefaultIfEmpty("").Select(key => State(i, key, now)))
            .Where(state => state.Used > 0 || state.Key.Length == 0)
            .OrderByDescending(state => state.Used / (state.Limit.Hard ?? state.Limit.Soft ?? 1)),
    ];

    private LimitState State(int i, string key, DateTimeOffset now)
    {
        var start = limits[i].StartOf(now);
        var used = _counts.TryGetValue((i, key), out var count) && count.Start == start ? count.Used : 0;
        return new LimitState(limits[i], key, used, limits[i].EndOf(start));
    }

    private void Add(LimitedUse use, DateTimeOffset at, Func<Limit, decimal> amount)
    {
        for (var i = 0; i < limits.Length; i++)
        {
            if (limits[i].KeyOf(use) is not { } key) continue;
            var start = limits[i].StartOf(at);
            var count = _counts.GetValueOrDefault((i, key));
            // What comes late from an older window does not touch the one that runs.
            if (count.Start > start) continue;
            _counts[(i, key)] = (start, (count.Start == start ? count.Used : 0) + amount(limits[i]));
        }
    }
}
