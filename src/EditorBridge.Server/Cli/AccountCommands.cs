using System.CommandLine;
using EditorBridge.Accounts;
using EditorBridge.Hosting;
using EditorBridge.Proxy;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge login | logout | whoami</c>: the sign-in to the Snowflake account.</summary>
internal static class AccountCommands
{
    public static IEnumerable<Command> Build() => [Login(), Logout(), StatusCommand.Build(), WhoAmI(), PatCommand.Build(), ReconcileCommand.Build()];

    private static Command Login()
    {
        var options = new AccountOptions();
        var user = new Option<string?>("--user") { Description = "Name of the user, where several sign in from this machine." };
        var role = new Option<string?>("--role") { Description = "Role to work with. Administrator roles are blocked by Snowflake for browser sign-in." };
        var noBrowser = new Option<bool>("--no-browser") { Description = "Only print the address to open." };
        var fromEditor = new Option<bool>("--pat-from-editor") { Description = ServeCommand.FromEditor };
        var pat = new Option<bool>("--pat") { Description = "Instead of the browser, keep a programmatic access token: typed unseen, or from standard input." };
        var command = new Command("login", "Sign in to Snowflake with the browser and stay signed in. Needs no administrator.") { user, role, noBrowser, fromEditor, pat };
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

            if (parsed.GetValue(pat)) return await KeepTokenAsync(options, parsed, profile, cancellationToken);
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

    // Tried before it is kept: a token that does not open the account is not remembered.
    private static async Task<int> KeepTokenAsync(AccountOptions options, ParseResult parsed, AccountProfile profile, CancellationToken cancellationToken)
    {
        var secret = await SecretInput.ReadAsync("Programmatic access token: ", cancellationToken);
        profile = profile with { SignIn = SignInKind.ProgrammaticAccessToken, TokenFile = null, Token = new Secret(secret) };
        using var connection = options.Open(parsed, profile);
        try
        {
            await WhoAsync(connection, cancellationToken);
        }
        catch (SignInException e)
        {
            throw new SignInException($"The token was tried and is not kept. {e.Message}", e);
        }

        await connection.Store.WriteAsync(SuppliedToken.StoreName(profile), secret, cancellationToken);
        OwnConnections.Remember(AccountChoice.OwnFile(options.Folder(parsed)), profile);
        Console.WriteLine($"The token is kept in {connection.Store.Description}. editorbridge serve --account {profile.Name} uses it; editorbridge pat rotate NAME renews it.");
        return 0;
    }

    private static Command Logout()
    {
        var options = new AccountOptions();
        var command = new Command("logout", "Forget what is kept of a connection's sign-in: the browser's tokens, and an access token that was given once.");
        options.AddTo(command);
        command.SetAction((parsed, _) => CommandLine.GuardedAsync(() =>
        {
            using var connection = options.Open(parsed);
            Console.WriteLine(!connection.SignOut() ? $"Nothing was kept of a sign-in to '{connection.Profile.Name}'."
                : connection.Profile.SignIn == SignInKind.ProgrammaticAccessToken
                ? $"The access token of '{connection.Profile.Name}' is forgotten here. It stays good in the account until it ends, or: ALTER USER REMOVE PROGRAMMATIC ACCESS TOKEN <name>;"
                : $"Signed out of '{connection.Profile.Name}'. Tokens already handed out end by themselves within minutes; an administrator can end them at once with ALTER USER … REMOVE DELEGATED AUTHORIZATIONS FROM SECURITY INTEGRATION SNOWFLAKE$LOCAL_APPLICATION;");
            return Task.FromResult(0);
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
            if (await options.HostInsteadAsync(parsed, cancellationToken) is { } host) return await HostsOwnAsync(options.Folder(parsed), host, cancellationToken);
            using var connection = options.Open(parsed);
            return await WhoAsync(connection, cancellationToken);
        }));
        return command;
    }

    private static async Task<int> HostsOwnAsync(StateFolder state, HostAddress host, CancellationToken cancellationToken)
    {
        var reply = await HostQuestions.AskAsync<AccountReply>(state, host, HttpMethod.Post, "/bridge/account", cancellationToken);
        if (reply.Findings.FirstOrDefault(finding => finding.Level == FindingLevel.Broken && finding.Topic != AccountTopic.Models) is { } broken)
            throw new SignInException($"The host at {host.Url}: {broken.What}{(broken.Fix is null ? "" : $"\n  {broken.Fix}")}");
        var signedIn = reply.Findings.FirstOrDefault(finding => finding.Topic == AccountTopic.SignIn) ?? throw new SignInException($"The host at {host.Url} does not say who is signed in.");
        Console.WriteLine($"{TerminalText.Line(signedIn.What)}, {reply.SignIn}, by the host at {host.Url}{(host.Sandbox ? "  (SANDBOX)" : "")}");
        return 0;
    }

    public static async Task<int> WhoAsync(AccountConnection connection, CancellationToken cancellationToken)
    {
        var identity = await new AccountChecks(connection.Sql(), connection.Cortex(), TimeProvider.System).WhoAmIAsync(cancellationToken);
        Console.WriteLine($"user {identity.User}, role {identity.Role}, account {identity.Account}, region {identity.Region}, warehouse {identity.Warehouse ?? "(none)"}{(connection.Profile.Account.IsSandbox ? "  (SANDBOX)" : "")}");
        return 0;
    }
}
