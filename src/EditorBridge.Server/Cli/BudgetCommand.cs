using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using EditorBridge.Budgets;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge budget</c>: the limits of <c>budgets.yaml</c> and what is used of them.</summary>
internal static class BudgetCommand
{
    public static Command Build()
    {
        var state = StateOption.Build();
        var check = new Option<FileInfo?>("--check") { Description = "Only check a file of budgets and say what is wrong in it, with line and column." };
        var command = new Command("budget", "Show the budgets and rate limits and what is used of them. Exit code 3 when a hard limit is reached.") { state, check };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(() =>
            parsed.GetValue(check) is { } file ? Task.FromResult(Check(file)) : ShowAsync(StateFolder.Open(parsed.GetValue(state)), cancellationToken)));
        return command;
    }

    private static int Check(FileInfo file)
    {
        try
        {
            var read = BudgetFile.Parse(File.ReadAllText(file.FullName), file.Name);
            foreach (var problem in read.Problems) Console.WriteLine(TerminalText.Line(problem.ToString()));
            if (read.Problems.IsEmpty) Console.WriteLine($"{file.Name} is in order: {read.Limits.Length} limits.");
            return read.Problems.Any(problem => problem.IsError) ? 1 : 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SignInException($"{file.FullName} could not be read: {e.Message}", e);
        }
    }

    private static async Task<int> ShowAsync(StateFolder state, CancellationToken cancellationToken)
    {
        var limits = await LimitsAsync(state, cancellationToken);
        if (limits.IsEmpty) Console.WriteLine($"There are no limits. Write them into {state.In(BudgetFile.Name)}; docs/account.md shows how.");
        Show(limits);
        return limits.Any(limit => limit.HardReached) ? 3 : 0;
    }

    /// <summary>The limits as the running host counts them, or as the ledger tells while none runs.</summary>
    /// <exception cref="SignInException">What is used is not known.</exception>
    public static async Task<ImmutableArray<LimitWire>> LimitsAsync(StateFolder state, CancellationToken cancellationToken) =>
        await HostFinder.FindAsync(state, cancellationToken) is { } host ? await AskAsync(state, host, cancellationToken) : await CountAsync(state, cancellationToken);

    /// <summary>Prints a line per limit.</summary>
    public static void Show(ImmutableArray<LimitWire> limits)
    {
        foreach (var limit in limits)
        {
            var mark = limit.HardReached ? "REACHED" : limit.SoftReached ? "warning" : "ok     ";
            Console.WriteLine(TerminalText.Line(string.Create(CultureInfo.InvariantCulture,
                $"{mark} {limit.Name,-28} {(limit.Count == "dollars" ? "about $" : "")}{limit.Used:#,0.##} of {limit.Hard ?? limit.Soft:#,0.##} {(limit.Count == "dollars" ? "(estimate)" : limit.Count)} per {limit.Per} and {limit.Within} {limit.Key}  anew {limit.RenewsAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC")));
        }
    }

    private static async Task<ImmutableArray<LimitWire>> AskAsync(StateFolder state, HostAddress host, CancellationToken cancellationToken)
    {
        var reply = await HostQuestions.AskAsync<BudgetsReply>(state, host, HttpMethod.Get, "/bridge/budgets", cancellationToken);
        return reply.Problem is null ? reply.Limits : throw new SignInException(reply.Problem);
    }

    private static async Task<ImmutableArray<LimitWire>> CountAsync(StateFolder state, CancellationToken cancellationToken)
    {
        var limits = BudgetFile.Read(state);
        try
        {
            using var reader = LedgerReader.Open(state.LedgerFolder, TimeSpan.FromSeconds(30));
            var counts = await LedgerCounts.ReadAsync(limits, BudgetFile.ReadPrices(state), reader, DateTimeOffset.UtcNow, cancellationToken);
            return [.. counts.States(DateTimeOffset.UtcNow).Select(LimitWire.Of)];
        }
        catch (Exception e) when (e is LedgerUnreadableException or LedgerQueryTimeoutException)
        {
            throw new SignInException(e.Message, e);
        }
    }
}
