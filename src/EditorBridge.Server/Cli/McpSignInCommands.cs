using System.CommandLine;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Setup;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge mcp login</c> and <c>logout</c>: a person's sign-in to a server over HTTP.</summary>
internal static class McpSignInCommands
{
    public static Command Login()
    {
        var state = StateOption.Build();
        var name = new Argument<string>("name") { Description = "The server, as listed by 'editorbridge mcp list'." };
        var noBrowser = new Option<bool>("--no-browser") { Description = "Only print the address to open." };
        var command = new Command("login", "Sign in to an MCP server with the browser. The gateway shows the sign-in to that server and to nobody else, and renews it.") { name, noBrowser, state };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            if (McpCommand.IsAgents("Nobody was signed in.")) return 3;
            var folder = StateFolder.Open(parsed.GetValue(state));
            var server = Find(folder, parsed.GetRequiredValue(name));
            if (server.Headers.Keys.Contains("Authorization", StringComparer.OrdinalIgnoreCase))
                throw new SetupException($"'{server.Name}' is shown the Authorization header of its configuration, so there is nothing to sign in to. Take the header out to sign in with the browser.");
            try
            {
                var outcome = await new UpstreamSignInFlow(server, new UpstreamSignIns(folder, TimeProvider.System), new SentSecrets(folder), TimeProvider.System)
                    .RunAsync(address => BrowserAddress.Show(address, parsed.GetValue(noBrowser)), cancellationToken);
                Console.WriteLine(Describe(server, outcome));
                return 0;
            }
            catch (UpstreamException e)
            {
                throw new SetupException($"{TerminalText.Line(e.Message)}{(e.Mend is { } mend ? " " + mend : "")}");
            }
        }));
        return command;
    }

    public static Command Logout()
    {
        var state = StateOption.Build();
        var name = new Argument<string>("name") { Description = "The server." };
        var command = new Command("logout", "Forget the sign-in to an MCP server. The server stays connected for what it offers without one.") { name, state };
        command.SetAction((parsed, _) => CommandLine.GuardedAsync(() =>
        {
            if (McpCommand.IsAgents("Nobody was signed out.")) return Task.FromResult(3);
            var folder = StateFolder.Open(parsed.GetValue(state));
            var server = Find(folder, parsed.GetRequiredValue(name));
            Console.WriteLine(new UpstreamSignIns(folder, TimeProvider.System).Forget(server.Name)
                ? $"Signed out of '{server.Name}': the tokens are deleted here. They end by themselves; to end them at once, take EditorBridge's access away at the server."
                : $"Nobody was signed in to '{server.Name}'.");
            return Task.FromResult(0);
        }));
        return command;
    }

    private static string Describe(UpstreamSettings server, SignInOutcome outcome)
    {
        if (outcome.Issuer is null) return $"'{server.Name}' asked for no sign-in: it lists {outcome.Tools} tools to everybody. Nothing was kept.";
        var scopes = outcome.Scopes.IsEmpty ? "" : $" Permissions: {TerminalText.Line(string.Join(", ", outcome.Scopes))}.";
        var ends = outcome switch
        {
            { Renewable: true } => "It is renewed by itself.",
            { ExpiresAt: { } end } => $"It ends {end.ToLocalTime():yyyy-MM-dd HH:mm}, and the server gave nothing to renew it with.",
            _ => "The server did not say when it ends.",
        };
        return $"Signed in to '{server.Name}' through {new Uri(outcome.Issuer).Host}; it lists {outcome.Tools} tools.{scopes} {ends} Kept encrypted in the state folder. A running host uses it within two seconds.";
    }

    private static UpstreamSettings Find(StateFolder state, string name)
    {
        var configuration = McpTestCommand.Load(state);
        if (configuration.Servers.FirstOrDefault(s => s.Name == name) is { } server)
            return server.Transport == UpstreamTransport.Http ? server : throw new SetupException($"'{name}' is a program on this machine, and those are given their secrets in 'env'. Only servers over HTTP have a sign-in.");
        if (configuration.Problems.FirstOrDefault(p => p.Server == name) is { } problem) throw new SetupException(problem.ToString());
        throw new SetupException($"There is no server '{name}'. List them with: editorbridge mcp list");
    }
}
