using System.CommandLine;
using EditorBridge.Hosting;
using EditorBridge.Setup;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge setup mcp</c>: registers the gateway in the MCP clients of this machine, or in a project.</summary>
internal static class SetupMcpCommand
{
    public static Command Build()
    {
        var state = StateOption.Build();
        var client = new Option<string[]>("--client") { Description = "Only this client: \"Claude Code\", \"Claude Desktop\", Cursor, \"VS Code\", … May be given several times.", AllowMultipleArgumentsPerToken = true };
        var project = new Option<DirectoryInfo?>("--project") { Description = "Write the .mcp.json of this project instead (without a value: of this folder), for everybody who works on it and has editorbridge on the PATH.", Arity = ArgumentArity.ZeroOrOne };
        var actions = new SetupActions("Only print what would be written; it holds no secret.");
        var command = new Command("mcp", "Register the MCP gateway in Claude Code, Claude Desktop, Cursor and VS Code, where they are. They start it by command; no token is written anywhere.") { client, project, state };
        actions.AddTo(command);
        command.SetAction(parsed => CommandLine.GuardedAsync(() =>
        {
            ForeignMember[] members = parsed.GetResult(project) is { Implicit: false } ? [McpSetup.Project(parsed.GetValue(project)?.FullName ?? Directory.GetCurrentDirectory())] : [.. Members(StateFolder.Open(parsed.GetValue(state)), parsed.GetValue(client) ?? [])];
            var code = actions.Act(parsed, members);
            if (!parsed.GetValue(actions.Check) && !parsed.GetValue(actions.Remove) && !parsed.GetValue(actions.Print)) Console.WriteLine("Start the clients anew for it to hold. Check it any time with --check, take it out with --remove.");
            return Task.FromResult(code);
        }));
        return command;
    }

    private static IEnumerable<ForeignMember> Members(StateFolder state, string[] wanted)
    {
        var program = OwnProgram.Current ?? throw new SetupException("The path of this program is not known, so no client can be told of it. Nothing was changed.");
        var all = McpSetup.Clients(ProgramPlaces.Current, program, state.IsUsual ? null : state.Path, Path.Exists).ToArray();
        var unknown = wanted.Where(name => !all.Any(member => Matches(member, name))).ToArray();
        if (unknown.Length > 0) throw new SetupException($"{string.Join(", ", unknown)} was not found here. Found: {Names(all)}. Nothing was changed.");
        if (all.Length == 0) throw new SetupException("No MCP client that is known was found here (Claude Code, Claude Desktop, Cursor, VS Code). Nothing was changed; --project writes the .mcp.json of the project you are in.");
        return all.Where(member => wanted.Length == 0 || wanted.Any(name => Matches(member, name)));
    }

    private static bool Matches(ForeignMember member, string name) => member.Program.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static string Names(ForeignMember[] members) => members.Length == 0 ? "none" : string.Join(", ", members.Select(member => member.Program));
}
