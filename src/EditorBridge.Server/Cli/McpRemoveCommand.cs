using System.CommandLine;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Setup;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge mcp remove</c>: takes a server out again, with the secrets and the sign-in that were kept for it.</summary>
internal static class McpRemoveCommand
{
    public static Command Build()
    {
        var state = StateOption.Build();
        var name = new Argument<string>("name") { Description = "The server, as listed by 'editorbridge mcp list'." };
        var command = new Command("remove", "Take an MCP server out again, with the secrets and the sign-in kept for it.") { name, state };
        command.SetAction((parsed, _) => CommandLine.GuardedAsync(() =>
        {
            if (McpCommand.IsAgents("Nothing was changed.")) return Task.FromResult(3);
            var folder = StateFolder.Open(parsed.GetValue(state));
            var server = parsed.GetRequiredValue(name);
            if (!new UpstreamConfigurationEdit(folder).Remove(server))
            {
                var known = McpTestCommand.Load(folder).Servers;
                throw new SetupException(known.Any(s => s.Name == server)
                    ? $"'{server}' was set up by an administrator in {UpstreamPlaces.Managed} and cannot be taken out here. Nothing was changed."
                    : $"There is no server '{server}' in {UpstreamPlaces.User(folder)}. Nothing was changed.");
            }

            var signedOut = new UpstreamSignIns(folder, TimeProvider.System).Forget(server);
            Console.WriteLine($"'{server}' is taken out{(signedOut ? ", and its sign-in is forgotten" : "")}. A running host ends it within two seconds.");
            return Task.FromResult(0);
        }));
        return command;
    }
}
