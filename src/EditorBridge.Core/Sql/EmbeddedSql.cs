using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>Where a piece of SQL was found.</summary>
public enum SqlHost
{
    /// <summary>A .sql file, or the argument of a SQL tool.</summary>
    Plain,
    /// <summary>A dbt model or another Jinja template.</summary>
    Jinja,
    Python,
    Notebook,
    Shell,
}

/// <summary>A piece of SQL inside another text.</summary>
/// <param name="Span">Where it stands in the outer text.</param>
/// <param name="Sql">The SQL itself, unescaped.</param>
/// <param name="Dynamic">True when parts are put in at run time; the analysis of such a piece is never <see cref="Effect.Allow"/>.</param>
/// <param name="Source">For people: "snow sql -q", "session.sql(…)", "cell 3".</param>
public sealed record SqlPiece(SqlHost Host, TextSpan Span, string Sql, bool Dynamic, string Source, SqlAnalysis Analysis);

/// <summary>Finds SQL in the texts an agent writes: files by their kind, and shell commands.</summary>
public static class EmbeddedSql
{
    /// <summary>The SQL in a file's text. Empty when the file is of a kind that carries none.</summary>
    public static ImmutableArray<SqlPiece> InFile(string path, string text) =>
        path.EndsWith(".sql", StringComparison.OrdinalIgnoreCase)
            ? [new SqlPiece(SqlHost.Plain, new TextSpan(0, text.Length), text, Dynamic: false, path, SqlAnalyzer.Analyze(text))]
            : [];

    /// <summary>The SQL in a POSIX shell command line, here-documents and pipes included.</summary>
    public static ImmutableArray<SqlPiece> InShell(string command) => [];
}
