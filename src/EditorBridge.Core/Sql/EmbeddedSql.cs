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
    public static ImmutableArray<SqlPiece> InFile(string path, string text) => InFile(path, text, SqlContext.Empty);

    /// <summary>The SQL in a file's text, with what the project's own files say about templates and variables.</summary>
    public static ImmutableArray<SqlPiece> InFile(string path, string text, SqlContext context)
    {
        var name = path[(path.LastIndexOfAny(['/', '\\']) + 1)..];
        var extension = name.LastIndexOf('.') is >= 0 and var dot ? name[(dot + 1)..].ToUpperInvariant() : "";
        switch (extension)
        {
            case "SQL" or "DDL" or "DML" or "SNOWSQL" or "SQLX": return SqlFile(path, text, context);
            case "J2" or "JINJA" or "JINJA2" or "TMPL" when name.Contains(".sql", StringComparison.OrdinalIgnoreCase): return SqlFile(path, text, context);
            case "PY" or "PYI": return [.. PythonSql.Find(text, "python")];
            case "JS" or "MJS" or "CJS" or "TS" or "JAVA" or "SCALA" or "GO" or "CS": return [.. PythonSql.Find(text, "c")];
            case "IPYNB": return NotebookSql.Find(text);
            case "SH" or "BASH" or "ZSH" or "KSH" or "COMMAND": return ShellSql.Find(text);
            case "YML" or "YAML": return HooksInYaml(text, context);
        }
        return name is "Makefile" or "makefile" or "justfile" or "Justfile" ? ShellSql.Find(text) : [];
    }

    /// <summary>The SQL in a POSIX shell command line, here-documents and pipes included, and in the files whose text it writes.</summary>
    public static ImmutableArray<SqlPiece> InShell(string command) => [.. ShellSql.Find(command), .. ShellFiles.Find(command)];

    private static ImmutableArray<SqlPiece> SqlFile(string path, string text, SqlContext context)
    {
        if (!JinjaTemplate.IsTemplate(text)) return [new SqlPiece(SqlHost.Plain, new TextSpan(0, text.Length), text, Dynamic: false, path, SqlAnalyzer.Analyze(text, context))];
        var rendered = JinjaTemplate.Render(text, context);
        var whole = new TextSpan(0, text.Length);
        var pieces = ImmutableArray.CreateBuilder<SqlPiece>();
        pieces.Add(Piece(SqlHost.Jinja, whole, rendered.Opaque ? rendered.Unrendered : rendered.Text, rendered.Opaque, path, context));
        foreach (var hook in rendered.Hooks)
        {
            var own = JinjaTemplate.Render(hook, context);
            pieces.Add(Piece(SqlHost.Jinja, whole, own.Opaque ? hook : own.Text, own.Opaque, $"{path}, hook", context));
        }
        return pieces.DrainToImmutable();
    }

    /// <summary>Hooks in dbt's project and property files.</summary>
    private static ImmutableArray<SqlPiece> HooksInYaml(string text, SqlContext context)
    {
        var pieces = ImmutableArray.CreateBuilder<SqlPiece>();
        var inHook = -1;
        var at = 0;
        foreach (var line in text.Split('\n'))
        {
            var content = line.Trim();
            var indent = line.Length - line.TrimStart().Length;
            var key = content.TrimStart('+', '-', ' ', '"');
            var value = "";
            if (key.StartsWith("on-run-start", StringComparison.Ordinal) || key.StartsWith("on-run-end", StringComparison.Ordinal) || key.StartsWith("pre-hook", StringComparison.Ordinal) || key.StartsWith("post-hook", StringComparison.Ordinal))
            {
                inHook = indent;
                value = key.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon ? key[(colon + 1)..] : "";
            }
            else if (inHook >= 0 && content.Length > 0 && (indent > inHook || indent == inHook && content[0] == '-'))
            {
                value = content[0] == '-' ? content[1..] : key.StartsWith("sql:", StringComparison.Ordinal) ? key[4..] : content;
            }
            else if (content.Length > 0)
            {
                inHook = -1;
            }
            foreach (var sql in value.Trim().TrimStart('[').TrimEnd(']').Split("\", \"").Select(part => part.Trim().Trim('"', '\'', '|', '>').Trim()))
            {
                if (SqlScript.Read(sql) is { TokenCount: > 1 }) pieces.Add(Piece(SqlHost.Jinja, new TextSpan(at, line.Length), sql, JinjaTemplate.IsTemplate(sql), "hook", context));
            }
            at += line.Length + 1;
        }
        return pieces.DrainToImmutable();
    }

    /// <summary>A piece with its analysis; a dynamic one is at least reviewed.</summary>
    internal static SqlPiece Piece(SqlHost host, TextSpan span, string sql, bool dynamic, string source, SqlContext? context = null)
    {
        var analysis = SqlAnalyzer.Analyze(sql, context ?? SqlContext.Empty);
        if (dynamic && analysis.Statements.Length == 0) analysis = SqlAnalyzer.Unseen(sql);
        if (dynamic && analysis.Effect == Effect.Allow) analysis = SqlAnalyzer.AtLeastReview(analysis, "G18");
        return new SqlPiece(host, span, sql, dynamic, source, analysis);
    }
}
