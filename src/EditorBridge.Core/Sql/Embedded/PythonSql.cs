using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>The SQL in Python and other program text, as pieces with their analysis.</summary>
internal static class PythonSql
{
    public static IEnumerable<SqlPiece> Find(string code, string language)
    {
        foreach (var found in ForeignCode.Sql(code, language))
        {
            if (!LooksLikeSql(found)) continue;
            var sql = found.Call.StartsWith("execute", StringComparison.Ordinal) ? WithBinds(found.Sql) : found.Sql;
            yield return EmbeddedSql.Piece(SqlHost.Python, new TextSpan(found.Start, found.Length), sql, found.Dynamic, $"{found.Call}(…)");
        }
        foreach (var line in ForeignCode.CommandLines(code, language))
            foreach (var piece in ShellSql.Find(line.Sql))
                yield return EmbeddedSql.Piece(SqlHost.Python, new TextSpan(line.Start, line.Length), piece.Sql, line.Dynamic || piece.Dynamic, $"{line.Call}(…), {piece.Source}");
    }

    /// <summary>A call named query or text is often no SQL: it is taken for SQL when it starts with a verb, or when its start is only known at run time.</summary>
    private static bool LooksLikeSql(ForeignSql found)
    {
        if (found.Call is "sql" or "execute" or "execute_async" or "execute_string" or "sqlText" or "executeQuery" or "executeUpdate" or "prepareStatement" or "read_sql" or "read_sql_query") return found.Sql.Any(char.IsLetter);
        var script = SqlScript.Read(found.Sql);
        return script.TokenCount > 1 && StatementReader.IsVerb(script.Tokens[0].Keyword)
            && StatementReader.Read(script, new AnalysisScope())[0] is var first && first.Class != StatementClass.Unknown && !first.Reasons.Any(reason => reason.Id is "G22" or "G24");
    }

    /// <summary>%s and %(name)s are values that the driver binds; the text keeps its length.</summary>
    private static string WithBinds(string sql)
    {
        var text = sql.ToCharArray();
        for (var i = 0; i + 1 < text.Length; i++)
        {
            if (text[i] != '%') continue;
            if (text[i + 1] == 's' && (i + 2 >= text.Length || !char.IsLetterOrDigit(text[i + 2])))
            {
                (text[i], text[i + 1]) = ('?', ' ');
            }
            else if (text[i + 1] == '(' && sql.IndexOf(")s", i, StringComparison.Ordinal) is > 0 and var end && sql.AsSpan(i + 2, end - i - 2).IndexOfAny(" '\"\n") < 0)
            {
                text[i] = '?';
                for (var j = i + 1; j < end + 2; j++) text[j] = ' ';
            }
        }
        return new string(text);
    }
}

/// <summary>The SQL in a notebook: its SQL cells, SQL magics, and the SQL its Python cells run.</summary>
internal static class NotebookSql
{
    public static ImmutableArray<SqlPiece> Find(string text)
    {
        var pieces = ImmutableArray.CreateBuilder<SqlPiece>();
        System.Text.Json.JsonDocument document;
        try
        {
            document = System.Text.Json.JsonDocument.Parse(text, new System.Text.Json.JsonDocumentOptions { MaxDepth = 64, AllowTrailingCommas = true });
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException)
        {
            // A notebook that cannot be read may hold anything.
            return [EmbeddedSql.Piece(SqlHost.Notebook, new TextSpan(0, text.Length), text, dynamic: true, "notebook that is not JSON")];
        }
        using (document)
        {
            if (document.RootElement.ValueKind != System.Text.Json.JsonValueKind.Object || !document.RootElement.TryGetProperty("cells", out var cells) || cells.ValueKind != System.Text.Json.JsonValueKind.Array) return [];
            var number = 0;
            foreach (var cell in cells.EnumerateArray())
            {
                number++;
                if (cell.ValueKind == System.Text.Json.JsonValueKind.Object) Cell(cell, number, text, pieces);
            }
        }
        return pieces.DrainToImmutable();
    }

    private static void Cell(System.Text.Json.JsonElement cell, int number, string text, ImmutableArray<SqlPiece>.Builder pieces)
    {
        var kind = cell.TryGetProperty("cell_type", out var type) && type.ValueKind == System.Text.Json.JsonValueKind.String ? Text(type) : "";
        if (kind is not ("code" or "sql")) return;
        var source = Source(cell);
        if (source.Trim().Length == 0) return;
        var first = source.TrimStart().Split('\n', 2)[0];
        // A cell's text is escaped inside the file, so its place is the whole file.
        var span = new TextSpan(0, text.Length);
        if (kind == "sql" || Language(cell) == "sql") pieces.Add(EmbeddedSql.Piece(SqlHost.Notebook, span, source, source.Contains("{{", StringComparison.Ordinal), $"cell {number}"));
        else if (first.StartsWith("%%sql", StringComparison.Ordinal)) pieces.Add(EmbeddedSql.Piece(SqlHost.Notebook, span, source.TrimStart()[first.Length..], dynamic: false, $"cell {number}"));
        else
        {
            foreach (var line in source.Split('\n').Where(line => line.TrimStart().StartsWith("%sql ", StringComparison.Ordinal))) pieces.Add(EmbeddedSql.Piece(SqlHost.Notebook, span, line.TrimStart()[5..], dynamic: false, $"cell {number}"));
            foreach (var line in source.Split('\n').Where(line => line.TrimStart().StartsWith('!'))) pieces.AddRange(ShellSql.Find(line.TrimStart()[1..]).Select(piece => piece with { Host = SqlHost.Notebook, Span = span, Source = $"cell {number}, {piece.Source}" }));
            foreach (var piece in PythonSql.Find(source, "python")) pieces.Add(piece with { Host = SqlHost.Notebook, Span = span, Source = $"cell {number}, {piece.Source}" });
        }
    }

    private static string Language(System.Text.Json.JsonElement cell)
    {
        if (!cell.TryGetProperty("metadata", out var metadata) || metadata.ValueKind != System.Text.Json.JsonValueKind.Object) return "";
        if (metadata.TryGetProperty("language", out var language) && language.ValueKind == System.Text.Json.JsonValueKind.String) return Text(language).ToLowerInvariant();
        return metadata.TryGetProperty("vscode", out var editor) && editor.ValueKind == System.Text.Json.JsonValueKind.Object && editor.TryGetProperty("languageId", out var id) && id.ValueKind == System.Text.Json.JsonValueKind.String ? Text(id).ToLowerInvariant() : "";
    }

    private static string Source(System.Text.Json.JsonElement cell)
    {
        if (!cell.TryGetProperty("source", out var source)) return "";
        if (source.ValueKind == System.Text.Json.JsonValueKind.String) return Text(source);
        return source.ValueKind == System.Text.Json.JsonValueKind.Array ? string.Concat(source.EnumerateArray().Where(line => line.ValueKind == System.Text.Json.JsonValueKind.String).Select(Text)) : "";
    }

    private static string Text(System.Text.Json.JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: no SQL can hold it, and the cell is shown as its escaped text.
            return value.GetRawText();
        }
    }
}
