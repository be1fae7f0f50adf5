using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Mcp.Trust;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Setup;
using EditorBridge.Trust;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge mcp test</c>: starts a server as the host would, asks what it offers, and ends it again.</summary>
internal static class McpTestCommand
{
    public static Command Build()
    {
        var state = StateOption.Build();
        var names = new Argument<string[]>("name") { Description = "Servers to try; all that are not switched off unless given.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("test", "Connect to MCP servers as the gateway does, list what they offer, and end the connection. No tool is called. Exit code 1 when one cannot be used.") { names, state };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            if (McpCommand.IsAgents("Nothing was started.")) return 3;
            var folder = StateFolder.Open(parsed.GetValue(state));
            var configuration = Load(folder);
            var wanted = parsed.GetValue(names) ?? [];
            var code = 0;
            foreach (var problem in configuration.Problems.Where(p => wanted.Length == 0 || wanted.Contains(p.Server)))
            {
                Console.WriteLine(TerminalText.Line(problem.ToString()));
                if (problem.IsError) code = 1;
            }

            foreach (var name in wanted.Where(name => configuration.Servers.All(s => s.Name != name) && configuration.Problems.All(p => p.Server != name)))
                throw new SetupException($"There is no server '{name}'. There are: {Names(configuration)}.");
            var servers = configuration.Servers.Where(s => wanted.Length == 0 ? !s.Disabled : wanted.Contains(s.Name)).ToImmutableArray();
            if (servers.IsEmpty && code == 0) Console.WriteLine("No MCP server is connected. Add one with: editorbridge mcp add");
            foreach (var server in servers) code |= await TryAsync(folder, server, hasConsent: false, cancellationToken);
            return code;
        }));
        return command;
    }

    /// <exception cref="SetupException">A file cannot be read.</exception>
    public static UpstreamConfiguration Load(StateFolder state)
    {
        try
        {
            return UpstreamConfigurationFile.Load(state);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"The configuration of the MCP servers cannot be read: {e.Message}");
        }
    }

    /// <summary>Connects once and says what came of it. 0 when the server can be used.</summary>
    /// <param name="hasConsent">A person has just seen how it is started, and said yes; otherwise it is started only as it was accepted.</param>
    public static async Task<int> TryAsync(StateFolder state, UpstreamSettings settings, bool hasConsent, CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        // A test of a server that is switched off is a test all the same.
        await using var upstream = new Upstream(settings with { Disabled = false }, new UpstreamChecks((wanted, _) => Task.FromResult(hasConsent ? null : LaunchDefinition.WhyNot(state, wanted)), LookedInto), new UpstreamSignIns(state, TimeProvider.System), new SentSecrets(state), TimeProvider.System, NullLogger<Upstream>.Instance);
        upstream.Start();
        await upstream.FirstAttempt.WaitAsync(cancellationToken);
        var took = TimeProvider.System.GetElapsedTime(began);
        Console.WriteLine(Describe(upstream, took));
        return upstream.Health.State == UpstreamState.Ready ? 0 : 1;
    }

    private static string Describe(Upstream upstream, TimeSpan took)
    {
        var (settings, health) = (upstream.Settings, upstream.Health);
        var text = new StringBuilder();
        if (health.State != UpstreamState.Ready)
        {
            text.Append(CultureInfo.InvariantCulture, $"BROKEN  {settings.Name}: {TerminalText.Line(health.LastError ?? "It did not answer.")}");
            if (health.Mend is { } mend) text.AppendLine().Append("        → ").Append(TerminalText.Line(mend));
            return text.ToString();
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"ok      {settings.Name}: {TerminalText.Line(health.ServerName ?? "(a server without a name)")}, revision {health.ProtocolVersion}, in {took.TotalSeconds:0.0} s");
        text.AppendLine(CultureInfo.InvariantCulture, $"        {upstream.Lists.Tools.Length} tools, {upstream.Lists.Prompts.Length} prompts, {upstream.Lists.Resources.Length + upstream.Lists.Templates.Length} resources");
        foreach (var tool in new UpstreamCatalogue([upstream], [], pins: null).Tools)
            text.AppendLine(CultureInfo.InvariantCulture, $"        {TerminalText.Line(tool.Listed)}{(tool.KnownReadOnly ? "  (only reads)" : "")}{(NeedsPerson(upstream, tool) ? "  (holds text that speaks to the model or hides: waits for a person, editorbridge mcp pins)" : "")}  {TerminalText.Line(FirstSentence(tool.Definition))}");
        return text.ToString().TrimEnd();
    }

    // A test pins nothing; it says what would wait.
    private static Task<UpstreamLists> LookedInto(Upstream upstream, UpstreamLists lists, string? instructions, CancellationToken cancellationToken) =>
        Task.FromResult(lists with { Offered = OfferedItem.ReadAll(lists.Tools, lists.Prompts, lists.Templates, instructions, []) });

    private static bool NeedsPerson(Upstream upstream, ListedItem tool) => upstream.Lists.Offered.GetValueOrDefault((OfferedKind.Tool, tool.Name))?.NeedsPerson == true;

    private static string FirstSentence(JsonObject definition)
    {
        var said = definition["description"] is JsonValue value && value.TryGetValue(out string? text) ? text.Split('\n', 2)[0] : "";
        return said.Length <= 100 ? said : said[..100] + "…";
    }

    private static string Names(UpstreamConfiguration configuration) => configuration.Servers.IsEmpty ? "none" : string.Join(", ", configuration.Servers.Select(s => s.Name));
}
