using System.Collections.Frozen;
using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>A rule of the analyser: one way in which SQL can do harm, or one kind of statement that does none.</summary>
/// <param name="Id">Stable. The letter is the family: G getting past a gate, D data changes, X destruction, P privileges, E data out, S session and account, C code, R reads.</param>
/// <param name="Meaning">What was seen, as one sentence for a person who does not know the catalogue.</param>
/// <param name="Why">Why it matters.</param>
/// <param name="Effect">The effect in the usual case; a statement may be judged more strictly.</param>
public sealed record SqlRule(string Id, string Title, string Meaning, string Why, Effect Effect, Severity Severity);

/// <summary>Every reason id the analyser can give. docs/sql-rules.md is written from this list, and a test holds them equal.</summary>
public static partial class RuleCatalogue
{
    /// <summary>The day the command tables were last compared with Snowflake's list of commands.</summary>
    public static readonly DateOnly Date = new(2026, 8, 22);

    public static ImmutableArray<SqlRule> All { get; } = [.. Evasion(), .. Data(), .. Privileges(), .. DataOut(), .. Session(), .. Code(), .. Reads()];

    private static readonly FrozenDictionary<string, SqlRule> ById = All.ToFrozenDictionary(rule => rule.Id);

    /// <summary>The rule with this id. Ids are constants of this code, so a miss is a defect and a test looks for it.</summary>
    public static SqlRule Get(string id) => ById[id];
}
