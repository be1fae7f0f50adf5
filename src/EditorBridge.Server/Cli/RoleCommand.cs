using System.CommandLine;
using EditorBridge.Accounts;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge setup role</c>: the SQL of a role with only what agents need, printed, or run once a person has read it at the gate.</summary>
internal static class RoleCommand
{
    public static Command Build()
    {
        var options = new AccountOptions();
        var role = new Option<string>("--role") { Description = "Name of the role.", DefaultValueFactory = _ => "EDITORBRIDGE_AGENT" };
        var user = new Option<string?>("--user") { Description = "User who gets it as default role." };
        var warehouse = new Option<string?>("--warehouse") { Description = "Warehouse for statements." };
        var databases = new Option<string[]>("--database") { Description = "Database agents may read; may be given several times.", DefaultValueFactory = _ => [] };
        var models = new Option<string[]>("--model") { Description = "Model to allow, by the account's name; may be given several times.", DefaultValueFactory = _ => [] };
        var reconcile = new Option<bool>("--reconcile") { Description = "Also let it read the account's records of use." };
        var run = new Option<bool>("--run") { Description = "Run it: the running host asks for a review of the whole script, then runs it with the connection of --account or the administrator's token of --pat-file." };
        var command = new Command("role", "Print the SQL of a role with only what agents need; with --run, run it after a review.") { role, user, warehouse, databases, models, reconcile, run };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            var wish = new RoleWish(parsed.GetValue(role)!, parsed.GetValue(user), parsed.GetValue(warehouse), parsed.GetValue(databases)!, parsed.GetValue(models)!, parsed.GetValue(reconcile));
            if (parsed.GetValue(run)) return await RunAsync(new RoleRun(wish, parsed.GetValue(options.Account), parsed.GetValue(options.Sandbox), parsed.GetValue(options.TokenFile)?.FullName), options.Folder(parsed), cancellationToken);
            Console.Write(RoleScript.Write(wish));
            return 0;
        }));
        return command;
    }

    private static async Task<int> RunAsync(RoleRun asked, StateFolder state, CancellationToken cancellationToken)
    {
        using var host = await ControlClient.ConnectAsync(state, cancellationToken);
        Console.WriteLine("Once the host has read the script it waits for a review: in the editor, the portal, or with editorbridge reviews.");
        var outcome = await host.AskAsync<RoleOutcome>(RoleSetup.Method, asked, cancellationToken);
        foreach (var line in outcome.Lines) Console.WriteLine(TerminalText.Line(line));
        if (outcome.Lines.Any(line => line.StartsWith("by hand", StringComparison.Ordinal))) Console.WriteLine("What stands there by hand no policy lets through this gate: run it as ACCOUNTADMIN in a worksheet.");
        if (!outcome.Done) Console.WriteLine("What is done stays; every statement may be run again once the cause is mended.");
        return outcome.Done ? 0 : 1;
    }
}
