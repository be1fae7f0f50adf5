using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Mcp.Upstreams;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge mcp list</c>: the servers behind the gateway and how each is. A running host is asked; without one the configuration is shown.</summary>
internal static class McpListCommand
{
    public static Command Build()
    {
        var state = StateOption.Build();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("list", "List the MCP servers behind the gateway and how each is. Exit code 1 when one cannot be used.") { state, json };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            var report = await ReportAsync(StateFolder.Open(parsed.GetValue(state)), cancellationToken);
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(report, GateEntries.Wire) : Describe(report));
            return report.Problems.Any(p => p.IsError) || report.Servers.Any(s => s.State is UpstreamState.Waiting or UpstreamState.SignInNeeded or UpstreamState.AcceptanceNeeded) ? 1 : 0;
        }));
        return command;
    }

    internal static string Describe(UpstreamsReport report)
    {
        var text = new StringBuilder();
        if (report.Servers.IsEmpty && report.Problems.IsEmpty) text.AppendLine("No MCP server is connected. Add one with: editorbridge mcp add NAME -- COMMAND, or editorbridge mcp add NAME https://…");
        foreach (var server in report.Servers)
        {
            var offers = server.State == UpstreamState.Ready ? string.Create(CultureInfo.InvariantCulture, $"  {server.Tools} tools, {server.Prompts} prompts, {server.Resources} resources  (revision {server.Revision})") : "";
            text.Append(CultureInfo.InvariantCulture, $"{Mark(server.State),-13} {server.Name}{offers}").AppendLine();
            text.Append("              ").Append(TerminalText.Line(server.Target)).Append(server.Managed ? "  [set up by an administrator]" : "").AppendLine(server.Trusted ? "  [trusted]" : "");
            if (server.Held > 0) text.AppendLine(CultureInfo.InvariantCulture, $"              {(server.Held == 1 ? "1 tool is" : $"{server.Held} tools are")} kept from clients until a person accepts {(server.Held == 1 ? "it" : "them")}").AppendLine(CultureInfo.InvariantCulture, $"              → editorbridge mcp pins {server.Name}");
            if (server.LastError is { } error) text.Append("              ").Append(TerminalText.Line(error)).AppendLine(server.Failures > 1 ? $" ({server.Failures} times in a row)" : "");
            if (server.Mend is { } mend) text.Append("              → ").AppendLine(TerminalText.Line(mend));
        }

        foreach (var problem in report.Problems) text.AppendLine(CultureInfo.InvariantCulture, $"{(problem.IsError ? "not used     " : "note         ")} {TerminalText.Line(problem.ToString())}");
        foreach (var left in report.LeftOut) text.AppendLine(CultureInfo.InvariantCulture, $"left out      {TerminalText.Line(left)}");
        if (!report.Running && !report.Servers.IsEmpty) text.AppendLine("No host runs, so none of them is started. Try one with: editorbridge mcp test NAME");
        return text.ToString().TrimEnd();
    }

    private static async Task<UpstreamsReport> ReportAsync(StateFolder state, CancellationToken cancellationToken)
    {
        if (await HostFinder.FindAsync(state, cancellationToken) is not { } host)
            return UpstreamsReport.Of(McpTestCommand.Load(state), DateTimeOffset.UtcNow);
        using var http = HostHttp.Client(host, state, Client.Portal, TimeSpan.FromSeconds(30));
        try
        {
            return await http.GetFromJsonAsync<UpstreamsReport>(UpstreamsReport.Route, GateEntries.Wire, cancellationToken) ?? throw new JsonException("The answer is empty.");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new HostNotStartedException($"The host at {host.Url} does not tell of its servers: {e.Message} It may be of another version; start it anew with: editorbridge stop, then editorbridge serve");
        }
    }

    private static string Mark(UpstreamState state) => state switch
    {
        UpstreamState.Disabled => "switched off",
        UpstreamState.Starting => "starting",
        UpstreamState.Ready => "ready",
        UpstreamState.Waiting => "FAILED",
        UpstreamState.SignInNeeded => "SIGN IN",
        UpstreamState.AcceptanceNeeded => "ACCEPT",
        UpstreamState.Stopped => "not started",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "A state without a mark."),
    };
}
