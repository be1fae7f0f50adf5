using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using EditorBridge.Sql;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge sql diff</c>: two versions of a SQL file compared by what they do.</summary>
internal static class SqlDiffCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private enum Format { Text, Json }

    public static Command Build()
    {
        var before = new Argument<string>("before") { Description = "The old version; - reads it from standard input." };
        var after = new Argument<string>("after") { Description = "The new version; - reads it from standard input." };
        var format = new Option<Format>("--format") { Description = "text or json.", DefaultValueFactory = _ => Format.Text };
        var command = new Command("diff", "Compare two versions of a SQL file by what they do: statements added, removed, changed and moved, and the risk before and after. Exit code 0: no semantic change; 1: some; 2: a file cannot be read.") { before, after, format };
        command.SetAction(parsed =>
        {
            if (Read(parsed.GetValue(before)!) is not { } old || Read(parsed.GetValue(after)!) is not { } current) return 2;
            var diff = SemanticDiff.Compare(old, current);
            Console.WriteLine(parsed.GetValue(format) == Format.Json ? JsonSerializer.Serialize(View(diff), Json) : Describe(diff, old, current));
            return diff.NoSemanticChange ? 0 : 1;
        });
        return command;
    }

    private static string? Read(string path)
    {
        try
        {
            return path == "-" ? Console.In.ReadToEnd() : File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{path} cannot be read: {e.Message}");
            return null;
        }
    }

    private static string Describe(SqlDiff diff, string before, string after)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        Describe(text, diff, before, after, "");
        if (!diff.NoSemanticChange) text.WriteLine();
        text.Write(diff.NoSemanticChange ? "no semantic change" : $"+{diff.Added} -{diff.Removed} ~{diff.Changed} ={diff.Moved}   risk {Risk(diff.Before)} → {Risk(diff.After)}");
        if (!diff.NewObjects.IsEmpty) text.Write($"\nnow touches: {Names(diff.NewObjects)}");
        if (!diff.GoneObjects.IsEmpty) text.Write($"\nno longer touches: {Names(diff.GoneObjects)}");
        return text.ToString();
    }

    private static void Describe(StringWriter text, SqlDiff diff, string before, string after, string indent)
    {
        foreach (var statement in diff.Statements.Where(statement => statement.Change != StatementChange.Unchanged))
        {
            var (mark, line) = statement.Change switch
            {
                StatementChange.Added => ('+', LineOf(after, statement.After!)),
                StatementChange.Removed => ('-', LineOf(before, statement.Before!)),
                StatementChange.Moved => ('=', LineOf(after, statement.After!)),
                _ => ('~', LineOf(after, statement.After!)),
            };
            text.WriteLine($"{indent}{mark} line {line}: {TerminalText.Line(statement.Title)}");
            foreach (var fact in statement.Facts) WriteFact(text, fact, indent);
            if (statement.Body is { } body) Describe(text, body, before, after, indent + "    ");
        }
        if (diff.Statements.Count(statement => statement is { Change: StatementChange.Unchanged, NeedsLook: true }) is > 0 and var affected)
            text.WriteLine($"{indent}  {affected} unchanged {(affected == 1 ? "statement is" : "statements are")} affected: what sets the context, or a value, changed before.");
        foreach (var fact in diff.ChainFacts) WriteFact(text, fact, indent);
    }

    private static void WriteFact(StringWriter text, DiffFact fact, string indent) =>
        text.WriteLine($"{indent}    {(fact.Severity >= Severity.High ? "!" : " ")} {TerminalText.Line(fact.Message)}{(fact.RuleId is null ? "" : $" [{fact.RuleId}]")}");

    private static int LineOf(string text, StatementAnalysis statement) => text.AsSpan(0, Math.Min(statement.Span.Start, text.Length)).Count('\n') + 1;

    private static string Risk(SqlAnalysis analysis) =>
        $"{analysis.Severity.ToString().ToLowerInvariant()} ({analysis.Effect switch { Effect.Allow => "allowed", Effect.Review => "to be reviewed", _ => "refused" }})";

    private static string Names(IEnumerable<SqlObject> objects) =>
        TerminalText.Line(string.Join(", ", objects.Select(target => $"{target.Kind} {target.Name} ({target.Access.ToString().ToLowerInvariant()})").Distinct()));

    private static object View(SqlDiff diff) => new
    {
        diff.NoSemanticChange,
        diff.Added,
        diff.Removed,
        diff.Changed,
        diff.Moved,
        Before = new { diff.Before.Effect, diff.Before.Severity },
        After = new { diff.After.Effect, diff.After.Severity },
        NewObjects = diff.NewObjects.Select(View),
        GoneObjects = diff.GoneObjects.Select(View),
        diff.ChainFacts,
        Statements = diff.Statements.Select(View),
    };

    private static object View(SqlObject target) => new { target.Name, target.Kind, target.Access };

    private static object View(StatementDiff statement) => new
    {
        statement.Change,
        statement.Title,
        statement.BeforeIndex,
        statement.AfterIndex,
        Before = statement.Before is null ? null : new { statement.Before.Class, statement.Before.Effect, statement.Before.Severity, statement.Before.Span },
        After = statement.After is null ? null : new { statement.After.Class, statement.After.Effect, statement.After.Severity, statement.After.Span },
        ChangedBefore = statement.BeforeSpan,
        ChangedAfter = statement.AfterSpan,
        statement.Facts,
        Body = statement.Body is { } body ? View(body) : null,
    };
}
