using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Text;
using EditorBridge.Dbt;
using EditorBridge.Sql;

namespace EditorBridge.Cli;

internal enum SqlFormat
{
    Table,
    Json,
    Jsonl,
}

/// <summary><c>editorbridge sql</c>: the analyser at the command line, without a host and without a ledger.</summary>
internal static class SqlCommands
{
    public static Command Build() => new("sql", "Read Snowflake SQL and say what it would do")
    {
        BuildAnalyze(),
        SqlDiffCommand.Build(),
    };

    private static Command BuildAnalyze()
    {
        var files = new Argument<string[]>("files") { Description = "Files and folders to read; - or nothing reads standard input. Of a folder, the files that can carry SQL", Arity = ArgumentArity.ZeroOrMore, DefaultValueFactory = _ => [] };
        var format = new Option<SqlFormat>("--format")
        {
            Description = "table for people, json for one document, jsonl for one line per file (of standard input: the line protocol)",
            DefaultValueFactory = _ => SqlFormat.Table,
            HelpName = "table|json|jsonl",
            CustomParser = result => Format(result),
        };
        var jsonl = new Option<bool>("--jsonl") { Description = "The line protocol: read one {\"id\",\"sql\"} object per line, of standard input or of the files, and answer one per line" };
        var command = new Command("analyze", "Show what each statement does, how it is judged, and why. Exit code 0: all allowed, 3: something needs review, 4: something is denied, 1: a file cannot be read.")
        {
            files,
            format,
            jsonl,
        };
        command.SetAction((result, cancellationToken) =>
        {
            var wanted = result.GetValue(files) is { Length: > 0 } given ? given : ["-"];
            return result.GetValue(jsonl) || (result.GetValue(format) == SqlFormat.Jsonl && wanted is ["-"])
                ? AnswerLinesAsync(wanted, cancellationToken)
                : AnalyzeAsync(wanted, result.GetValue(format), cancellationToken);
        });
        return command;
    }

    private static SqlFormat Format(ArgumentResult result)
    {
        var word = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (Enum.TryParse<SqlFormat>(word, ignoreCase: true, out var format) && !char.IsAsciiDigit(word[0])) return format;
        result.AddError($"'{word}' is no format. Formats are table, json and jsonl.");
        return SqlFormat.Table;
    }

    private static async Task<int> AnswerLinesAsync(string[] files, CancellationToken cancellationToken)
    {
        await using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 16_384);
        var failed = false;
        foreach (var file in files)
        {
            try
            {
                using var input = Open(file);
                await SqlLineProtocol.RunAsync(input, output, cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failed = true;
                await Console.Error.WriteLineAsync($"editorbridge: {file} was not read: {e.Message}");
            }
        }
        await output.FlushAsync(cancellationToken);
        return failed ? 1 : 0;
    }

    private static StreamReader Open(string file) =>
        file == "-" ? new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false), false, 65_536) : new StreamReader(file, Encoding.UTF8);

    private static async Task<int> AnalyzeAsync(string[] wanted, SqlFormat format, CancellationToken cancellationToken)
    {
        await using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 16_384);
        var worst = Effect.Allow;
        var failed = false;
        var written = 0;
        if (format == SqlFormat.Json) await output.WriteAsync('[');
        foreach (var file in wanted.SelectMany(SqlFiles.Under))
        {
            try
            {
                using var input = Open(file);
                var text = await input.ReadToEndAsync(cancellationToken);
                var start = Stopwatch.GetTimestamp();
                var pieces = file == "-"
                    ? [new SqlPiece(SqlHost.Plain, new TextSpan(0, text.Length), text, Dynamic: false, "standard input", SqlAnalyzer.Analyze(text))]
                    : EmbeddedSql.InFile(file, text, DbtProject.ContextFor(Path.GetFullPath(file)));
                var elapsed = Stopwatch.GetElapsedTime(start);
                foreach (var piece in pieces) worst = piece.Analysis.Effect > worst ? piece.Analysis.Effect : worst;
                await output.WriteAsync(format switch
                {
                    SqlFormat.Json => (written > 0 ? "," : "") + SqlReport.Json(file, text, pieces),
                    SqlFormat.Jsonl => SqlLineProtocol.Line(file, pieces, elapsed) + "\n",
                    _ => SqlReport.Table(file, text, pieces),
                });
                written++;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failed = true;
                await Console.Error.WriteLineAsync($"editorbridge: {file} was not read: {e.Message}");
            }
        }
        if (format == SqlFormat.Json) await output.WriteLineAsync(']');
        await output.FlushAsync(cancellationToken);
        if (written == 0 && !failed) await Console.Error.WriteLineAsync($"editorbridge: nothing was read: {string.Join(", ", wanted)} holds no file that can carry SQL ({SqlFiles.Kinds}).");
        if (failed || written == 0) return 1;
        return worst switch { Effect.Allow => 0, Effect.Review => 3, _ => 4 };
    }
}
