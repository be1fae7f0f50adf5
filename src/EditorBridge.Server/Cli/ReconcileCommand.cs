using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge reconcile</c>: does the account's own record agree with the ledger, and did anything go round it.</summary>
internal static class ReconcileCommand
{
    private const int Page = 500;

    public static Command Build()
    {
        var options = new AccountOptions();
        var hours = new Option<int>("--hours") { Description = "How far back to look.", DefaultValueFactory = _ => 24 };
        var role = new Option<string?>("--role") { Description = "Role that may read SNOWFLAKE.ACCOUNT_USAGE." };
        var user = new Option<string?>("--user") { Description = "Only calls of this user of the account (default: the one who is signed in)." };
        var everybody = new Option<bool>("--everybody") { Description = "Calls of all users: those of other machines then show as going round this one." };
        var command = new Command("reconcile", "Compare the ledger with the account's record of inference. Exit code 3 when a call went round EditorBridge or counts differ.") { hours, role, user, everybody };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            using var connection = options.Open(parsed);
            var to = DateTimeOffset.UtcNow;
            var from = to.AddHours(-Math.Clamp(parsed.GetValue(hours), 1, 24 * 365));
            using var reader = LedgerReader.Open(options.Folder(parsed).LedgerFolder);
            var local = await LedgerAsync(reader, from, to, cancellationToken);
            var account = await new UsageHistory(connection.Sql()).ReadAsync(from, to, parsed.GetValue(role), cancellationToken);
            if (!parsed.GetValue(everybody))
            {
                var name = parsed.GetValue(user) ?? (await new AccountChecks(connection.Sql(), connection.Cortex(), TimeProvider.System).WhoAmIAsync(cancellationToken)).User;
                account = [.. account.Where(row => name.Equals(row.User, StringComparison.OrdinalIgnoreCase))];
            }

            return Show(Reconciler.Compare(local, account, to), from, to);
        }));
        return command;
    }

    private static async Task<List<LedgerInference>> LedgerAsync(LedgerReader reader, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var filter = new EntryFilter { Kinds = [EntryKind.MessageOutcome], From = from, To = to };
        var found = new List<LedgerInference>();
        for (long? before = null; ;)
        {
            var page = await reader.EntriesAsync(filter, before, Page, cancellationToken);
            if (page.IsEmpty) return found;
            before = page[^1].Sequence;
            foreach (var entry in page) found.AddRange(Answered(entry));
        }
    }

    /// <summary>The attempt of a call that was answered; those that failed leave no trace in the account's record.</summary>
    private static IEnumerable<LedgerInference> Answered(AuditEntry entry)
    {
        if (entry.Draft.Facts is not { } facts || (int?)facts["status"] != 200 || facts["attempts"] is not JsonArray { Count: > 0 } attempts || attempts[^1]?["cause"] is not null) yield break;
        var input = Sum(facts, "inputTokens", "cacheReadTokens", "cacheCreationTokens");
        var started = DateTimeOffset.TryParse((string?)attempts[^1]?["startedAt"], CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var at) ? at : entry.At;
        yield return new LedgerInference(entry.Draft.CallId, started, Model: null, (string?)facts["requestId"], input, (long?)facts["outputTokens"]);
    }

    private static long? Sum(JsonObject facts, params string[] names) =>
        names.All(name => facts[name] is null) ? null : names.Sum(name => (long?)facts[name] ?? 0);

    private static int Show(IReadOnlyCollection<Reconciled> lines, DateTimeOffset from, DateTimeOffset to)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{from:yyyy-MM-dd HH:mm} to {to:yyyy-MM-dd HH:mm} UTC"));
        foreach (var answer in Enum.GetValues<ReconciliationAnswer>()) Console.WriteLine($"  {Word(answer),-14} {lines.Count(line => line.Answer == answer)}");
        foreach (var line in lines.Where(line => line.Answer is ReconciliationAnswer.AccountOnly or ReconciliationAnswer.Mismatch or ReconciliationAnswer.LocalOnly))
        {
            var at = (line.Local?.StartedAt ?? line.Account!.StartedAt).ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            Console.WriteLine($"{Word(line.Answer)}: {at} {line.Account?.Model} {line.Account?.User} request {line.Account?.RequestId ?? line.Local?.RequestId} {line.Local?.CallId}  {line.How}");
        }

        Console.WriteLine($"The account shows calls late: what is younger than {Reconciler.Lateness.TotalHours:0} hours and missing there is no finding.");
        return lines.Any(line => line.Answer is ReconciliationAnswer.AccountOnly or ReconciliationAnswer.Mismatch) ? 3 : 0;
    }

    private static string Word(ReconciliationAnswer answer) => answer switch
    {
        ReconciliationAnswer.Matched => "matched",
        ReconciliationAnswer.Mismatch => "mismatch",
        ReconciliationAnswer.LocalOnly => "local only",
        ReconciliationAnswer.NotYetShown => "not yet shown",
        ReconciliationAnswer.AccountOnly => "ACCOUNT ONLY",
        _ => throw new ArgumentOutOfRangeException(nameof(answer), answer, null),
    };
}
