using System.CommandLine;
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
        var files = new Argument<string[]>("files") { Description = "Files to read; - or nothing reads standard input", Arity = ArgumentArity.ZeroOrMore, DefaultValueFactory = _ => [] };
        var format = new Option<SqlFormat>("--format") { Description = "table for people, json for one document, jsonl for the line protocol", DefaultValueFactory = _ => SqlFormat.Table };
        var jsonl = new Option<bool>("--jsonl") { Description = "Read one {\"id\",\"sql\"} object per line and answer one per line; the same as --format jsonl" };
        var command = new Command("analyze", "Show what each statement does, how it is judged, and why. Exit code 0: all allowed, 3: something needs review, 4: something is denied.")
        {
            files,
            format,
            jsonl,
        };
        command.SetAction((result, cancellationToken) => AnalyzeAsync(result.GetValue(files) ?? [], result.GetValue(jsonl) ? SqlFormat.Jsonl : result.GetValue(format), cancellationToken));
        return command;
    }

    private static async Task<int> AnalyzeAsync(string[] files, SqlFormat format, CancellationToken cancellationToken)
    {
        await using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 16_384);
        if (files.Length == 0) files = ["-"];
        var worst = Effect.Allow;
        var failed = false;
        if (format == SqlFormat.Json) await output.WriteAsync('[');
        for (var i = 0; i < files.Length; i++)
        {
            try
            {
                using var input = files[i] == "-" ? new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false), false, 65_536) : new StreamReader(files[i], Encoding.UTF8);
                if (format == SqlFormat.Jsonl)
                {
                    await SqlLineProtocol.RunAsync(input, output, cancellationToken);
                    continue;
                }
                var text = await input.ReadToEndAsync(cancellationToken);
                var pieces = files[i] == "-"
                    ? [new SqlPiece(SqlHost.Plain, new TextSpan(0, text.Length), text, Dynamic: false, "standard input", SqlAnalyzer.Analyze(text))]
                    : EmbeddedSql.InFile(files[i], text, DbtProject.ContextFor(Path.GetFullPath(files[i])));
                foreach (var piece in pieces) worst = piece.Analysis.Effect > worst ? piece.Analysis.Effect : worst;
                if (format == SqlFormat.Json) await output.WriteAsync((i > 0 ? "," : "") + SqlReport.Json(files[i], text, pieces));
                else await output.WriteAsync(SqlReport.Table(files[i], text, pieces));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                failed = true;
                await Console.Error.WriteLineAsync($"editorbridge: {files[i]} was not read: {e.Message}");
            }
        }
        if (format == SqlFormat.Json) await output.WriteLineAsync(']');
        await output.FlushAsync(cancellationToken);
        if (failed) return 1;
        return format == SqlFormat.Jsonl ? 0 : worst switch { Effect.Allow => 0, Effect.Review => 3, _ => 4 };
    }
}
