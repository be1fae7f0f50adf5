using System.CommandLine;
using EditorBridge.Accounts;
using EditorBridge.Budgets;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Proxy;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge status</c>: the connections, what the account allows and what stands in the way, and what is used of the budgets.</summary>
internal static class StatusCommand
{
    public static Command Build()
    {
        var options = new AccountOptions();
        var europe = new Option<bool>("--eu-only") { Description = "Also check that inference cannot leave the European Union." };
        var command = new Command("status", "Show the connections, the account's models and settings, what stands in the way, and what is used of the budgets. Exit code 1 when something is broken.") { europe };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            ShowConnections(SnowflakeAccounts.Load(ProfileSearch.OfThisUser(AccountChoice.OwnFile(options.Folder(parsed)))));
            if (!parsed.GetValue(europe) && await options.HostInsteadAsync(parsed, cancellationToken) is { } host) return await ShowHostsAsync(options.Folder(parsed), host, cancellationToken);
            using var connection = options.Open(parsed);
            var checks = new AccountChecks(connection.Sql(), connection.Cortex(), TimeProvider.System);
            var findings = await checks.RunAsync(connection.Credential.Kind, parsed.GetValue(europe) ? ResidencyRule.EuropeOnly : null, cancellationToken);
            Console.WriteLine($"\n{connection.Profile.Name}: {connection.Profile.Account.BaseAddress.Authority}, {connection.Credential.Description}{(connection.Profile.Account.IsSandbox ? " (SANDBOX)" : "")}");
            foreach (var finding in findings) FindingLines.Show(finding);
            Console.WriteLine($"Sign-ins are kept in {connection.Store.Description}.");
            await ShowBudgetsAsync(options.Folder(parsed), cancellationToken);
            return findings.Any(finding => finding.Level == FindingLevel.Broken) ? 1 : 0;
        }));
        return command;
    }

    private static async Task<int> ShowHostsAsync(StateFolder state, HostAddress host, CancellationToken cancellationToken)
    {
        var reply = await HostQuestions.AskAsync<AccountReply>(state, host, HttpMethod.Post, "/bridge/account", cancellationToken);
        Console.WriteLine($"\n{TerminalText.Line(host.Account)}: what the host at {host.Url} is signed in to, {reply.SignIn}{(host.Sandbox ? " (SANDBOX)" : "")}");
        foreach (var finding in reply.Findings) FindingLines.Show(finding);
        await ShowBudgetsAsync(state, cancellationToken);
        return reply.Findings.Any(finding => finding.Level == FindingLevel.Broken) ? 1 : 0;
    }

    private static async Task ShowBudgetsAsync(StateFolder state, CancellationToken cancellationToken)
    {
        if (BudgetFile.Read(state).IsEmpty) return;
        Console.WriteLine("\nBudgets and rate limits");
        BudgetCommand.Show(await BudgetCommand.LimitsAsync(state, cancellationToken));
    }

    private static void ShowConnections(ProfilesFound found)
    {
        if (found.Profiles.IsEmpty) Console.WriteLine("No connections were found in Snowflake's files, the environment or ours.");
        foreach (var profile in found.Profiles)
            Console.WriteLine($"{(profile == found.Default ? "*" : " ")} {profile.Name,-20} {profile.Account.BaseAddress.Authority,-50} {profile.SignIn}  ({string.Join(", ", profile.Sources)})");
        foreach (var problem in found.Problems) Console.WriteLine($"! {problem}");
    }
}
