using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Reconciliation;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge reconcile</c>: does the account's own record agree with the ledger, and did anything go round it.</summary>
internal static class ReconcileCommand
{
    /// <summary>Something does not agree: for scripts that watch.</summary>
    private const int Differs = 3;

    /// <summary>The account keeps its record for a year.</summary>
    private const int MostHours = 24 * 365;

    public static Command Build()
    {
        var options = new AccountOptions();
        var hours = new Option<int>("--hours") { Description = "How far back to look.", DefaultValueFactory = _ => 24 };
        hours.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > MostHours) result.AddError($"--hours must be between 1 and {MostHours}. Nothing was compared.");
        });
        var role = new Option<string?>("--role") { Description = "Role that may read SNOWFLAKE.ACCOUNT_USAGE." };
        var user = new Option<string?>("--user") { Description = "Only calls of this user of the account (default: the one who is signed in)." };
        var everybody = new Option<bool>("--everybody") { Description = "Calls of all users: those of other machines then show as going round this one." };
        var files = new Option<FileInfo[]>("--file") { Description = "Compare with exported views (CSV or JSON) instead of asking the account; may be given several times.", DefaultValueFactory = _ => [] };
        var exported = new Option<DateTimeOffset?>("--exported-at") { Description = "When the files were exported (default: when each was last written)." };
        var print = new Option<bool>("--print-sql") { Description = "Only print the statements whose results --file takes, for somebody who may run them." };
        var command = new Command("reconcile", "Compare the ledger with the account's own record of requests and statements, and record what was found. Exit code 3 when a call went round EditorBridge or the two differ.")
        {
            hours, role, user, everybody, files, exported, print,
        };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            var to = DateTimeOffset.UtcNow;
            var from = to.AddHours(-parsed.GetValue(hours));
            if (parsed.GetValue(print)) return Print(from, to, parsed.GetValue(user));
            var request = new ReconciliationRequest(
                from, to, parsed.GetValue(user), parsed.GetValue(everybody), parsed.GetValue(role), "person:" + Environment.UserName, "terminal",
                [.. parsed.GetValue(files)!.Select(file => Exported(file, parsed.GetValue(exported)))]);
            return Show(await RunAsync(parsed, options, request, cancellationToken));
        }));
        return command;
    }

    private static async Task<ReportWire> RunAsync(ParseResult parsed, AccountOptions options, ReconciliationRequest request, CancellationToken cancellationToken)
    {
        var state = options.Folder(parsed);
        if (await HostFinder.FindAsync(state, cancellationToken) is not { } host)
        {
            // No host holds the ledger, so this command may.
            using var connection = request.Files.IsEmpty ? options.Open(parsed) : null;
            await using var writer = LedgerWriter.Open(new LedgerOptions { Folder = state.LedgerFolder }, TimeProvider.System);
            using var reader = LedgerReader.Open(state.LedgerFolder, TimeSpan.FromSeconds(30));
            return ReportWire.Of(await new ReconciliationRun(reader, writer, TimeProvider.System).RunAsync(request, connection, Tell, cancellationToken));
        }

        // The host writes; the rows may come through another sign-in than its own, such as an auditor's.
        if (request.Files.IsEmpty && options.NamesAnAccount(parsed)) request = request with { Files = await FetchAsync(parsed, options, request, cancellationToken) };
        return await AskHostAsync(state, host, request, cancellationToken);
    }

    private static async Task<ImmutableArray<ExportedFile>> FetchAsync(ParseResult parsed, AccountOptions options, ReconciliationRequest request, CancellationToken cancellationToken)
    {
        using var connection = options.Open(parsed);
        if (request.User is null && !request.Everybody)
            throw new SignInException($"Connection '{connection.Profile.Name}' may be another user than the host's. Say whose calls to compare: --user NAME, or --everybody.");
        Tell(ReconciliationStep.ReadingAccount);
        var history = new UsageHistory(connection.Sql());
        var files = ImmutableArray.CreateBuilder<ExportedFile>();
        var problems = new List<string>();
        foreach (var view in Enum.GetValues<UsageView>())
        {
            var read = await history.ReadAsync(view, request.From - Reconciler.Margin, request.To + Reconciler.Margin, request.Everybody ? null : request.User, request.Role, cancellationToken);
            if (read.Problem is { } problem) problems.Add(problem);
            else files.Add(new ExportedFile($"{connection.Profile.Name}:{UsageViews.Name(view)}", UsageImport.Write(read), DateTimeOffset.UtcNow));
        }

        foreach (var problem in problems) await Console.Error.WriteLineAsync($"not read: {TerminalText.Line(problem)}");
        return files.Count > 0 ? files.ToImmutable() : throw new SignInException("Nothing of the account's record could be read. Nothing was compared.");
    }

    private static async Task<ReportWire> AskHostAsync(StateFolder state, HostAddress host, ReconciliationRequest request, CancellationToken cancellationToken)
    {
        using var http = HostHttp.Client(host, state, Client.Portal, TimeSpan.FromMinutes(30));
        using var message = new HttpRequestMessage(HttpMethod.Post, "/bridge/reconciliation")
        {
            Content = JsonContent.Create(new ReconciliationBody(
                request.From, request.To, Environment.UserName, request.Surface, request.User, request.Everybody, request.Role, [.. request.Files]), options: GateEntries.Wire),
        };
        try
        {
            using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
            while (await lines.ReadLineAsync(cancellationToken) is { } line)
            {
                var news = JsonSerializer.Deserialize<ReconciliationLine>(line, GateEntries.Wire);
                if (news?.Problem is { } problem) throw new SignInException(problem);
                if (news?.Report is { } report) return report;
                if (news?.Step is { } step) Tell(GateEntries.Parse<ReconciliationStep>(step));
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            throw new SignInException($"The host at {host.Url} did not finish the comparison: {e.Message} Its log is host.log in the state folder.", e);
        }

        throw new SignInException($"The host at {host.Url} ended the comparison without a result. Its log is host.log in the state folder.");
    }

    private static ExportedFile Exported(FileInfo file, DateTimeOffset? exportedAt)
    {
        try
        {
            return new ExportedFile(file.Name, File.ReadAllText(file.FullName), exportedAt ?? file.LastWriteTimeUtc);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SignInException($"{file.FullName} could not be read: {e.Message} Nothing was compared.", e);
        }
    }

    private static int Print(DateTimeOffset from, DateTimeOffset to, string? user)
    {
        foreach (var view in Enum.GetValues<UsageView>()) Console.WriteLine($"-- {UsageViews.Name(view)}\n{UsageViews.Select(view, from - Reconciler.Margin, to + Reconciler.Margin, user)};\n");
        Console.WriteLine($"-- The role needs: {UsageViews.Grant}");
        return 0;
    }

    private static void Tell(ReconciliationStep step) => Console.Error.WriteLine(step switch
    {
        ReconciliationStep.ReadingAccount => "Reading the account's record …",
        ReconciliationStep.ReadingLedger => "Reading the ledger …",
        ReconciliationStep.Comparing => "Comparing …",
        ReconciliationStep.Recording => "Recording what was found …",
        _ => throw new ArgumentOutOfRangeException(nameof(step), step, "A step without words."),
    });

    private static int Show(ReportWire report)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.From.UtcDateTime:yyyy-MM-dd HH:mm} to {report.To.UtcDateTime:yyyy-MM-dd HH:mm} UTC, {report.Source}, {(report.User is null ? "all users" : "user " + report.User)}"));
        Console.WriteLine($"  matched       {report.Matched}\n  mismatch      {report.Mismatch}\n  local only    {report.LocalOnly}\n  not yet due   {report.NotYetDue}\n  ACCOUNT ONLY  {report.AccountOnly}");
        foreach (var finding in report.Findings)
            Console.WriteLine(TerminalText.Line($"{finding.Answer.Replace('_', ' ')}: {finding.At.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture)} {finding.View} {finding.Model} {finding.User} {finding.Region} id {finding.AccountId} {finding.CallId}  {finding.How}"));
        if (report.Omitted > 0) Console.WriteLine($"… and {report.Omitted} more, which stand in the ledger.");
        foreach (var problem in report.NotRead) Console.WriteLine($"not read: {TerminalText.Line(problem)}");
        Console.WriteLine($"The account shows calls late: what is younger than {Reconciler.Lateness.TotalHours:0} hours and missing there is not yet due. Recorded as {report.RunId}.");
        return report.AccountOnly > 0 || report.Mismatch > 0 ? Differs : 0;
    }
}
