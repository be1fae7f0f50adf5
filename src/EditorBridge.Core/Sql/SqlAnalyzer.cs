using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>The door of the Sql room. Reads Snowflake SQL and says what it would do. Never throws, never answers "allow" for what it did not fully read.</summary>
public static class SqlAnalyzer
{
    public static SqlAnalysis Analyze(string sql)
    {
        if (string.IsNullOrWhiteSpace(sql)) return SqlAnalysis.Empty;
        var span = new TextSpan(0, sql.Length);
        var statement = new StatementAnalysis
        {
            Span = span,
            Class = StatementClass.Unknown,
            Effect = Effect.Review,
            Severity = Severity.Medium,
            Confidence = Confidence.Opaque,
            Title = "SQL",
            Reasons = [new Reason("U1", "This text was not understood in full.", span, Severity.Medium)],
        };
        return new SqlAnalysis { Statements = [statement], ChainReasons = [], Effect = Effect.Review, Severity = Severity.Medium };
    }
}
