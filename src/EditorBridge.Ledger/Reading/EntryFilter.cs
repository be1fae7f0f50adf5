using System.Collections.Immutable;
using EditorBridge.Audit;

namespace EditorBridge.Ledger;

/// <summary>Which entries; an absent part does not narrow.</summary>
public sealed record EntryFilter
{
    public ImmutableArray<EntryKind> Kinds { get; init; } = [];
    public DateTimeOffset? From { get; init; }
    /// <summary>Exclusive.</summary>
    public DateTimeOffset? To { get; init; }
    public string? Actor { get; init; }
    /// <summary>Entries with one of these results.</summary>
    public ImmutableArray<string> Results { get; init; } = [];
}
