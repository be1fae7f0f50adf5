using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>
/// Which obligations can be kept where. A row limit and an EXPLAIN before the run are kept by whoever runs the statement, so only the gateway's own tools can
/// promise them; a text that is only written to a file runs later, and they are due then. Everything else is kept at the desk where people decide.
/// </summary>
internal static class ObligationKeeping
{
    /// <summary>Why the action cannot run under these obligations, for people and the model; null when every one of them can be kept.</summary>
    public static string? WhyNot(Obligations obligations, ActionFacts facts, ImmutableArray<PartDecision> parts)
    {
        if (obligations is { RowLimit: null, ExplainFirst: false } || !RunsElsewhere(facts, parts)) return null;
        var asked = (obligations.RowLimit, obligations.ExplainFirst) switch
        {
            ({ } rows, true) => $"at most {rows} rows and an EXPLAIN before the run",
            ({ } rows, false) => $"at most {rows} rows",
            _ => "an EXPLAIN before the run",
        };
        var rules = string.Join(", ", parts.SelectMany(part => part.Answers).Where(answer => answer.RelaxedBy is null && (answer.Rule.Obligations.RowLimit is not null || answer.Rule.Obligations.ExplainFirst))
            .Select(answer => answer.Rule.Id).Distinct(StringComparer.Ordinal));
        return $"Policy asks for {asked} (rule {rules}), which only EditorBridge's own SQL tools can keep. Run the statement with execute_sql of the MCP server editorbridge.";
    }

    /// <summary>True when people have to take part though no rule asks for a review: a duty of theirs cannot be kept without them.</summary>
    public static bool NeedsPerson(Obligations obligations) => obligations.TwoPeople || obligations.ReasonRequired;

    private static bool RunsElsewhere(ActionFacts facts, ImmutableArray<PartDecision> parts)
    {
        if (facts.Command is not null) return !facts.Sql.IsEmpty || parts.Any(part => part.Part.Findings.Any(finding => finding.Id is ShellIds.Snowflake or ShellIds.SqlRun or ShellIds.SqlNotSeen));
        return McpToolName.Of(facts.Tool) is { Server: not McpToolName.Gateway };
    }
}
