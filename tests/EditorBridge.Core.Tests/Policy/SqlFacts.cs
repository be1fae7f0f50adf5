using EditorBridge.Sql;

namespace EditorBridge.Tests.Policy;

/// <summary>Analyses put together by hand, so that tests of policy do not hang on what the analyser thinks of a text.</summary>
internal static class SqlFacts
{
    public static StatementAnalysis Statement(StatementClass statementClass, Effect effect, params SqlObject[] objects) => new()
    {
        Span = new TextSpan(0, 1),
        Class = statementClass,
        Effect = effect,
        Severity = Severity.Low,
        Confidence = Confidence.Exact,
        Title = statementClass.ToString(),
        Objects = [.. objects],
    };

    public static SqlObject Object(string name, string kind = "TABLE", ObjectAccess access = ObjectAccess.Write) => new(name, kind, access, new TextSpan(0, 0));

    public static SqlPiece Piece(params StatementAnalysis[] statements) => new(SqlHost.Plain, new TextSpan(0, 1), ";", Dynamic: false, "test", new SqlAnalysis
    {
        Statements = [.. statements],
        ChainReasons = [],
        Effect = statements.Max(statement => statement.Effect),
    });
}
