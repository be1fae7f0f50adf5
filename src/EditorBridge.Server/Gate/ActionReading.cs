using System.Collections.Immutable;
using System.Text.Json;
using EditorBridge.Dbt;
using EditorBridge.Editor;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Sql;

namespace EditorBridge.Gate;

/// <summary>What an action would do: the change, the SQL in it, and what a reviewer should look at.</summary>
internal sealed record ActionReading
{
    public required ActionFacts Facts { get; init; }
    public FileChange? Change { get; init; }

    /// <summary>The text in question when no file changes: a command, a cell, a statement.</summary>
    public string? Proposed { get; init; }

    public string? EditableProperty { get; init; }
    public required string Title { get; init; }
    public required Severity Severity { get; init; }

    /// <summary>The class of the statement that matters most; null where there is no SQL.</summary>
    public StatementClass? Class { get; init; }

    public required ImmutableArray<Finding> Findings { get; init; }
    public required ImmutableArray<SqlObject> Objects { get; init; }
    public required ImmutableArray<string> Columns { get; init; }

    /// <summary>The file it would change, absolute; null when it changes none.</summary>
    public string? FilePath => Facts.Paths is [var path, ..] ? path : null;

    /// <summary>Reads an action. Files are read through <paramref name="readFile"/>; nothing is changed.</summary>
    /// <param name="followsLinks">A path is judged by where it leads as well. False where the machine is not that of the action: paths are taken as they were written.</param>
    public static ActionReading Read(ActionRequest request, GateContext context, DateTimeOffset at, Func<string, string?> readFile, bool followsLinks)
    {
        using var document = JsonDocument.Parse(request.Input);
        var input = document.RootElement;
        var change = request.Door == Door.Editor ? ToolInput.AskedChange(input) : ToolInput.Change(request.Tool, input, path => readFile(FullPath(request, path)));
        if (change is not null) change = change with { Path = FullPath(request, change.Path) };
        var command = request.Tool is "Bash" or "PowerShell" ? ToolInput.Text(input, "command") : null;
        var notebook = request.Tool == "NotebookEdit" ? ToolInput.Text(input, "notebook_path") : null;
        // A connected server's tool has its server's name and two more underscores in front.
        var gateway = request.Tool.Split("__") is ["mcp", "editorbridge", _];
        var saved = gateway ? ToolInput.Text(input, "save_to") : null;
        var editable = ToolInput.EditableProperty(request.Tool, input);
        var proposed = change is null && editable is not null ? ToolInput.Text(input, editable) : null;
        var arguments = ToolArguments.Of(request.Tool, input);
        var sql = Pieces(request.Tool, input, change, command, notebook);
        var facts = new ActionFacts
        {
            Door = request.Door,
            // A person who asks for a review is judged as the write it would be.
            Tool = request is { Door: Door.Editor, Tool: WindowReviews.Tool } ? "Write" : request.Tool,
            Paths = Paths(request, followsLinks, change?.Path ?? notebook ?? saved),
            ReadPaths = Paths(request, followsLinks, ReadingTools.Contains(request.Tool) ? ToolInput.Text(input, "file_path") ?? ToolInput.Text(input, "notebook_path") ?? ToolInput.Text(input, "path") : null),
            Arguments = arguments,
            UsedPaths = gateway ? [] : [.. ToolArguments.PathsIn(arguments).SelectMany(path => Used(request, path, followsLinks)).Distinct(StringComparer.Ordinal)],
            Home = Home,
            StateFolder = context.StateFolder,
            OwnPorts = context.Port is { } port && port is not (4000 or 4080) ? [4000, 4080, port] : [4000, 4080],
            Command = command,
            Sql = sql,
            KnownReadOnly = request.KnownReadOnly,
            Workspace = request.Workspace,
            Account = context.Account,
            Role = context.Role,
            Warehouse = context.Warehouse,
            // Another program's session may stand elsewhere; the gateway's statements are run where the profile says.
            Database = gateway ? context.Database : null,
            Schema = gateway ? context.Schema : null,
            At = at,
        };
        return new ActionReading
        {
            Facts = facts,
            Change = change,
            Proposed = proposed,
            EditableProperty = change is { Complete: false } ? null : editable,
            Title = TitleOf(request, change?.Path ?? facts.ReadPaths.FirstOrDefault(), command, sql),
            Class = Worst(sql)?.Class,
            Severity = sql.Length == 0 ? Severity.None : sql.Max(p => p.Analysis.Severity),
            Findings = FindingsOf(sql, change, proposed),
            Objects = [.. sql.SelectMany(p => p.Analysis.Statements).SelectMany(ObjectsOf).DistinctBy(o => (o.Name, o.Kind, o.Access))],
            Columns = [.. sql.SelectMany(p => p.Analysis.Statements).SelectMany(ColumnsOf).Distinct()],
        };
    }

    private static readonly string[] ReadingTools = ["Read", "Grep", "Glob", "LS", "NotebookRead"];

    private static ImmutableArray<SqlPiece> Pieces(string tool, JsonElement input, FileChange? change, string? command, string? notebook)
    {
        if (change is not null) return Judged(change, EmbeddedSql.InFile(change.Path, change.After, DbtProject.ContextFor(change.Path)));
        if (command is not null) return EmbeddedSql.InShell(command);
        if (notebook is not null) return EmbeddedSql.InFile("cell.py", ToolInput.Text(input, "new_source") ?? "");
        if (!tool.StartsWith("mcp__", StringComparison.Ordinal) || input.ValueKind != JsonValueKind.Object) return [];
        return
        [
            .. from property in input.EnumerateObject()
               where ToolInput.SqlProperties.Contains(property.Name, StringComparer.OrdinalIgnoreCase)
               from text in Texts(property.Value)
               let analysis = SqlAnalyzer.Analyze(text)
               where !IsPlainSearch(tool, property.Name, analysis)
               select new SqlPiece(SqlHost.Plain, new TextSpan(0, text.Length), text, Dynamic: false, property.Name, analysis),
        ];
    }

    // A connected server's 'query' is as often a search for words. What reads as no statement at all is judged by the tool's own rule, which is the stricter one for tools not known.
    private static bool IsPlainSearch(string tool, string property, SqlAnalysis analysis) =>
        property.Equals("query", StringComparison.OrdinalIgnoreCase) && tool.Split("__", 4) is ["mcp", _, _, _]
        && analysis.Statements.All(s => s.Class == StatementClass.Unknown);

    // What already stood in a file is not this agent's doing: the statements it adds, changes, moves or puts into another context are judged. Where a statement goes that
    // guarded something, or several act together, the whole file is.
    private static ImmutableArray<SqlPiece> Judged(FileChange change, ImmutableArray<SqlPiece> pieces)
    {
        if (change is not { Before: { } before, Complete: true } || pieces is not [{ Host: SqlHost.Plain } piece]) return pieces;
        var diff = SemanticDiff.Compare(before, change.After);
        if (diff.NoSemanticChange) return [];
        if (diff.ChainFacts.Length > 0 || diff.Statements.Any(s => s.Change == StatementChange.Removed && s.Facts.Any(f => f.Severity > Severity.None))) return pieces;
        var touched = diff.Statements.Where(s => s.NeedsLook && s.Change != StatementChange.Removed).Select(s => s.AfterIndex).ToHashSet();
        ImmutableArray<StatementAnalysis> statements = [.. piece.Analysis.Statements.Where((_, index) => touched.Contains(index))];
        return
        [
            piece with
            {
                Analysis = piece.Analysis with
                {
                    Statements = statements,
                    Effect = statements.Select(s => s.Effect).DefaultIfEmpty(Effect.Allow).Max(),
                    Severity = statements.Select(s => s.Severity).DefaultIfEmpty(Severity.None).Max(),
                },
            },
        ];
    }

    private static IEnumerable<string> Texts(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Array => value.EnumerateArray().SelectMany(Texts),
        JsonValueKind.Object => value.EnumerateObject().SelectMany(p => Texts(p.Value)),
        _ => [],
    };

    // Policy compares absolute paths; a relative one is the agent's, seen from its folder.
    private static ImmutableArray<string> Paths(ActionRequest request, bool followsLinks, string? path)
    {
        if (path is null) return [];
        var full = FullPath(request, path);
        return followsLinks && LinkedPath.FollowFrom(full, request.Workspace, Home) is var real && real != full ? [full, real] : [full];
    }

    // As the agent wrote it, seen from its folder where that is known, and where it leads.
    private static IEnumerable<string> Used(ActionRequest request, string path, bool followsLinks)
    {
        yield return path;
        var rooted = path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? Home + path[1..] : path;
        if (!followsLinks || !Path.IsPathRooted(rooted) && request.Workspace is null) yield break;
        var full = FullPath(request, rooted);
        // A path that needs no link is the same place by whatever name.
        if (LinkedPath.FollowFrom(full, request.Workspace, Home) is var real && real != full) yield return real;
    }

    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private static string FullPath(ActionRequest request, string path) =>
        Path.GetFullPath(path, request.Workspace is { } folder && Path.IsPathRooted(folder) ? folder : Path.GetTempPath());

    private static string TitleOf(ActionRequest request, string? path, string? command, ImmutableArray<SqlPiece> sql)
    {
        var worst = Worst(sql);
        var subject = path is not null ? Path.GetFileName(path) : command is not null ? FirstLine(command) : null;
        return string.Join(": ", new[] { subject is null ? request.Tool : $"{request.Tool} {subject}", worst?.Title }.Where(t => !string.IsNullOrEmpty(t)));
    }

    private static StatementAnalysis? Worst(ImmutableArray<SqlPiece> sql) =>
        sql.SelectMany(p => p.Analysis.Statements).OrderByDescending(s => s.Effect).ThenByDescending(s => s.Severity).FirstOrDefault();

    private static string FirstLine(string text)
    {
        var line = text.AsSpan().Trim();
        var end = line.IndexOfAny('\r', '\n');
        if (end >= 0) line = line[..end];
        return line.Length <= 120 ? line.ToString() : string.Concat(line[..119], "…");
    }

    private static ImmutableArray<Finding> FindingsOf(ImmutableArray<SqlPiece> sql, FileChange? change, string? proposed)
    {
        var text = change?.After ?? proposed;
        return
        [
            .. from piece in sql
               from reason in piece.Analysis.Statements.SelectMany(ReasonsOf).Concat(piece.Analysis.ChainReasons)
               let place = Place(piece, reason, text)
               select new Finding(reason.Id, reason.Severity, reason.Message, place.Start, place.Length),
        ];
    }

    // A reason's place is exact where the piece stands verbatim in the outer text; unescaped pieces are marked whole.
    private static TextSpan Place(SqlPiece piece, Reason reason, string? text)
    {
        if (text is null) return new TextSpan(-1, 0);
        var verbatim = piece.Span.Length == piece.Sql.Length && piece.Span.End <= text.Length
            && text.AsSpan(piece.Span.Start, piece.Span.Length).SequenceEqual(piece.Sql);
        return verbatim ? new TextSpan(piece.Span.Start + reason.Span.Start, reason.Span.Length) : piece.Span;
    }

    private static IEnumerable<Reason> ReasonsOf(StatementAnalysis statement) => statement.Reasons.Concat(statement.Embedded.SelectMany(ReasonsOf));

    private static IEnumerable<string> ColumnsOf(StatementAnalysis statement) => statement.Columns.Concat(statement.Embedded.SelectMany(ColumnsOf));

    private static IEnumerable<SqlObject> ObjectsOf(StatementAnalysis statement) => statement.Objects.Concat(statement.Embedded.SelectMany(ObjectsOf));
}

/// <summary>What the gate knows of the account the host serves.</summary>
/// <param name="StateFolder">EditorBridge's own folder, which no agent may touch.</param>
/// <param name="Port">The port the host listens on.</param>
/// <param name="Database">Where the gateway's statements look up unqualified names, with <paramref name="Schema"/>.</param>
/// <param name="ReviewLifetime">How long a review waits; null for <see cref="ActionGate.ReviewLifetime"/>.</param>
internal sealed record GateContext(
    string? Account, string? Role, string? Warehouse, string? StateFolder = null, int? Port = null, string? Database = null, string? Schema = null, TimeSpan? ReviewLifetime = null);
