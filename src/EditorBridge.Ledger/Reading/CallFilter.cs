using System.Collections.Immutable;

namespace EditorBridge.Ledger;

/// <summary>Which calls; an absent part does not narrow, several values of one part are alternatives.</summary>
public sealed record CallFilter
{
    public static readonly CallFilter All = new();

    /// <summary>Inclusive, by when the call started.</summary>
    public DateTimeOffset? From { get; init; }
    /// <summary>Exclusive.</summary>
    public DateTimeOffset? To { get; init; }
    public CallKind? Kind { get; init; }
    public ImmutableArray<CallState> States { get; init; } = [];
    public ImmutableArray<string> Tools { get; init; } = [];
    public ImmutableArray<string> Doors { get; init; } = [];
    public ImmutableArray<string> Models { get; init; } = [];
    public ImmutableArray<string> Actors { get; init; } = [];
    public ImmutableArray<string> Severities { get; init; } = [];
    public string? SessionId { get; init; }
    public string? Reviewer { get; init; }
    /// <summary>The id of a policy rule that took part in the decision.</summary>
    public string? Rule { get; init; }
    /// <summary>Words that must all occur in the subject or the payload texts; "quoted words" must stand together, a trailing * matches beginnings.</summary>
    public string? Text { get; init; }
}

/// <summary>A place in the list of calls, newest first: the values of the row the page ended with.</summary>
public readonly record struct CallCursor(DateTimeOffset StartedAt, long FirstSequence)
{
    public static CallCursor Of(AuditCall call) => new(call.StartedAt, call.FirstSequence);
}

/// <summary>One page of calls, newest first.</summary>
/// <param name="Older">Where the next page begins; null when this was the last.</param>
public sealed record CallPage(ImmutableArray<AuditCall> Calls, CallCursor? Older);

/// <summary>A count that stops counting: exact up to the limit.</summary>
/// <param name="Capped">There are more.</param>
public readonly record struct CappedCount(long Count, bool Capped)
{
    /// <summary>"128" or "10,000+".</summary>
    public override string ToString() => Count.ToString("N0", System.Globalization.CultureInfo.InvariantCulture) + (Capped ? "+" : "");
}

/// <summary>What calls can be counted by.</summary>
public enum CallFacet
{
    Kind,
    State,
    Tool,
    Door,
    Model,
    Actor,
    Severity,
}

/// <param name="Value">As it stands in the filter; empty for calls without one.</param>
public sealed record FacetValue(string Value, long Calls);

/// <summary>How many calls each value of a facet has under all other filters.</summary>
public sealed record FacetCounts(CallFacet Facet, ImmutableArray<FacetValue> Values);

/// <param name="Capped">The counts cover only the newest 10,000 matches.</param>
public sealed record CallFacets(ImmutableArray<FacetCounts> Facets, bool Capped);

/// <param name="Start">Beginning of the bucket, UTC.</param>
public sealed record HistogramBar(DateTimeOffset Start, CallState State, long Calls);

/// <param name="Capped">The bars cover only the newest 10,000 matches.</param>
public sealed record CallHistogram(DateTimeOffset From, DateTimeOffset To, TimeSpan Bucket, ImmutableArray<HistogramBar> Bars, bool Capped);
