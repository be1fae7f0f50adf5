using System.CommandLine;
using EditorBridge.Proxy;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge login | logout | status | whoami | pat</c>: the sign-in to the Snowflake account.</summary>
internal static class AccountCommands
{
    public static IEnumerable<Command> Build() => [Login(), Logout(), Status(), WhoAmI(), Pat(), ReconcileCommand.Build()];

    private static Command Login()
    {
        var options = new AccountOptions();
        var user = new Option<string?>("--user") { Description = "Name of the user, where several sign in from this machine." };
        var role = new Option<string?>("--role") { Description = "Role to work with. Administrator roles are blocked by Snowflake for browser sign-in." };
        var noBrowser = new Option<bool>("--no-browser") { Description = "Only print the address to open." };
        var fromEditor = new Option<bool>("--pat-from-editor") { Description = ServeCommand.FromEditor };
        var command = new Command("login", "Sign in to Snowflake with the browser and stay signed in. Needs no administrator.") { user, role, noBrowser, fromEditor };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            var profile = AccountChoice.Profile(options.Folder(parsed), parsed.GetValue(options.Account), parsed.GetValue(options.Sandbox), parsed.GetValue(options.TokenFile)?.FullName, parsed.GetValue(fromEditor));
            profile = profile with { User = parsed.GetValue(user) ?? profile.User, Role = parsed.GetValue(role) ?? profile.Role };
            if (parsed.GetValue(fromEditor))
            {
                OwnConnections.Remember(AccountChoice.OwnFile(options.Folder(parsed)), profile);
                Console.WriteLine($"Connection '{profile.Name}' ({profile.Account.BaseAddress.Authority}) gets its access token from the editor. In VS Code run: EditorBridge: Sign In to Snowflake");
                return 0;
            }

            using var connection = options.Open(parsed, profile);
            if (profile.SignIn != SignInKind.OAuth)
            {
                Console.WriteLine($"Connection '{profile.Name}' signs in with {connection.Credential.Description}: there is nothing to log in to. Checking it …");
                return await WhoAsync(connection, cancellationToken);
            }

            var name = await connection.SignIn().RunAsync(address => BrowserAddress.Show(address, parsed.GetValue(noBrowser)), cancellationToken);
            OwnConnections.Remember(AccountChoice.OwnFile(options.Folder(parsed)), profile);
            Console.WriteLine($"Signed in to {profile.Account.BaseAddress.Authority}{(name is null ? "" : $" as {name}")}. Kept in {connection.Store.Description}.");
            return await WhoAsync(connection, cancellationToken);
        }));
        return command;
    }

    private static Command Logout()
    {
        var options = new AccountOptions();
        var command = new Command("logout", "Forget the browser sign-in of a connection.");
        options.AddTo(command);
        command.SetAction((parsed, _) => CommandLine.GuardedAsync(() =>
        {
            using var connection = options.Open(parsed);
            Console.WriteLine(connection.SignOut()
                ? $"Signed out of '{connection.Profile.Name}'. Tokens already handed out end by themselves within minutes; an administrator can end them at once with ALTER USER … REMOVE DELEGATED AUTHORIZATIONS FROM SECURITY INTEGRATION SNOWFLAKE$LOCAL_APPLICATION;"
                : $"Nobody was signed in to '{connection.Profile.Name}' by browser.");
            return Task.FromResult(0);
        }));
        return command;
    }

    private static Command Status()
    {
        var options = new AccountOptions();
        var europe = new Option<bool>("--eu-only") { Description = "Also check that inference cannot leave the European Union." };
        var command = new Command("status", "Show the connections, the account's models and settings, and what stands in the way. Exit code 1 when something is broken.") { europe };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            ShowConnections(SnowflakeAccounts.Load(ProfileSearch.OfThisUser(AccountChoice.OwnFile(options.Folder(parsed)))));
            using var connection = options.Open(parsed);
            Console.WriteLine($"\n{connection.Profile.Name}: {connection.Profile.Account.BaseAddress.Authority}, {connection.Credential.Description}{(connection.Profile.Account.IsSandbox ? " (SANDBOX)" : "")}");
            var checks = new AccountChecks(connection.Sql(), connection.Cortex(), TimeProvider.System);
            var findings = await checks.RunAsync(connection.Credential.Kind, parsed.GetValue(europe) ? ResidencyRule.EuropeOnly : null, cancellationToken);
            foreach (var finding in findings)
            {
                Console.WriteLine($"  {Mark(finding.Level)} {finding.What}");
                if (finding.Fix is { } fix) Console.WriteLine($"      {fix}");
            }

            return findings.Any(finding => finding.Level == FindingLevel.Broken) ? 1 : 0;
        }));
        return command;
    }

    private static Command WhoAmI()
    {
        var options = new AccountOptions();
        var command = new Command("whoami", "Ask the account who is signed in.");
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            using var connection = options.Open(parsed);
            return await WhoAsync(connection, cancellationToken);
        }));
        return command;
    }

    private static Command Pat()
    {
        var pat = new Command("pat", "Look after programmatic access tokens.");
        var options = new AccountOptions();
        var list = new Command("list", "List the user's tokens and when they end. Secrets are never shown.");
        options.AddTo(list);
        list.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            using var connection = options.Open(parsed);
            var tokens = await new AccountChecks(connection.Sql(), connection.Cortex(), TimeProvider.System).TokensAsync(cancellationToken)
                ?? throw new SignInException("The account did not list the tokens. Check with: editorbridge status");
            if (tokens.IsEmpty) Console.WriteLine("The user has no programmatic access tokens.");
            foreach (var token in tokens) Console.WriteLine($"{token.Name,-30} {token.Status,-10} role {token.Role ?? "(default)",-20} ends {token.ExpiresAt?.ToString("yyyy-MM-dd HH:mm 'UTC'", System.Globalization.CultureInfo.InvariantCulture) ?? "?"}");
            return 0;
        }));
        pat.Add(list);
        pat.Add(Rotate());
        return pat;
    }

    private static Command Rotate()
    {
        var options = new AccountOptions();
        var name = new Argument<string>("name") { Description = "Name of the token." };
        var output = new Option<FileInfo>("--out") { Description = "File that gets the new secret (0600). It is printed nowhere.", Required = true };
        var hours = new Option<int>("--keep-old-hours") { Description = "How long the old secret stays good.", DefaultValueFactory = _ => 24 };
        var command = new Command("rotate", "Make a new secret for a token, through a browser sign-in: Snowflake refuses that to a session of a token.") { name, output, hours };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            using var connection = options.Open(parsed);
            var file = parsed.GetRequiredValue(output).FullName;
            await new PatRotation(connection.Sql()).RotateAsync(parsed.GetRequiredValue(name), connection.Credential.Kind, parsed.GetValue(hours), secret =>
            {
                StateFolder.WritePrivate(file, secret + "\n");
                return Task.CompletedTask;
            }, cancellationToken);
            Console.WriteLine($"Rotated. The new secret is in {file}; the old one stays good for {parsed.GetValue(hours)} hours. A running host reads its token file anew when the account refuses the old secret.");
            return 0;
        }));
        return command;
    }

    private static async Task<int> WhoAsync(AccountConnection connection, CancellationToken cancellationToken)
    {
        var identity = await new AccountChecks(connection.Sql(), connection.Cortex(), TimeProvider.System).WhoAmIAsync(cancellationToken);
        Console.WriteLine($"user {identity.User}, role {identity.Role}, account {identity.Account}, region {identity.Region}, warehouse {identity.Warehouse ?? "(none)"}{(connection.Profile.Account.IsSandbox ? "  (SANDBOX)" : "")}");
        return 0;
    }

    private static void ShowConnections(ProfilesFound found)
    {
        if (found.Profiles.IsEmpty) Console.WriteLine("No connections were found in Snowflake's files, the environment or ours.");
        foreach (var profile in found.Profiles)
            Console.WriteLine($"{(profile == found.Default ? "*" : " ")} {profile.Name,-20} {profile.Account.BaseAddress.Authority,-50} {profile.SignIn}  ({string.Join(", ", profile.Sources)})");
        foreach (var problem in found.Problems) Console.WriteLine($"! {problem}");
    }

    private static string Mark(FindingLevel level) => level switch
    {
        FindingLevel.Good => "ok     ",
        FindingLevel.Note => "note   ",
        FindingLevel.Warning => "warning",
        FindingLevel.Broken => "BROKEN ",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, null),
    };
}
