using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using EditorBridge.Editor;
using EditorBridge.Gate;
using EditorBridge.Hosting;
using EditorBridge.Mcp.Trust;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Trust;

namespace EditorBridge.Cli;

/// <summary>
/// <c>editorbridge mcp pins</c>, <c>accept</c> and <c>reject</c>: what MCP servers offer, what of it waits for a person, and the decision about it.
/// Like verdicts, decisions are taken from a terminal outside any agent's family only, and the host checks that itself.
/// </summary>
internal static class McpPinCommands
{
    public static IEnumerable<Command> Build()
    {
        yield return List();
        yield return Decide("accept", "Accept what an MCP server offers: see what changed, then let clients have it. Without names, everything of the server that waits.", accept: true);
        yield return Decide("reject", "Reject what an MCP server offers: clients do not get it.", accept: false);
    }

    private static Command List()
    {
        var state = StateOption.Build();
        var server = new Argument<string?>("server") { Description = "Only this server.", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("pins", "List what MCP servers offer as it was accepted, and what waits for a person.") { server, json, state };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            using var client = await ControlClient.ConnectAsync(StateFolder.Open(parsed.GetValue(state)), cancellationToken);
            var view = await client.AskAsync<PinsView>(PinDesk.ListMethod, new { }, cancellationToken);
            if (parsed.GetValue(server) is { } name) view = view with { Servers = [.. view.Servers.Where(s => s.Server == name)] };
            Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(view, EditorWire.Options) : Describe(view));
            return 0;
        }));
        return command;
    }

    private static Command Decide(string name, string description, bool accept)
    {
        var state = StateOption.Build();
        var server = new Argument<string>("server") { Description = "The server, as named in mcp.json." };
        var names = new Argument<string[]>("name") { Description = "Tools, prompts or addresses of templates by the server's own names; 'instructions' for what the server says of itself; 'launch' for how it is started.", Arity = ArgumentArity.ZeroOrMore };
        var yes = new Option<bool>("--yes") { Description = "Do not ask before it is decided; what is decided is shown all the same." };
        var reason = new Option<string?>("--reason") { Description = "Why; it is recorded." };
        var command = new Command(name, description) { server, names, yes, reason, state };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            if (AgentAncestry.Find(Environment.ProcessId) is { } agent)
            {
                await Console.Error.WriteLineAsync($"editorbridge: what MCP servers offer is for people to accept, and this command runs below {agent}. Nothing was decided. Use a terminal of your own, or the portal.");
                return 3;
            }

            using var client = await ControlClient.ConnectAsync(StateFolder.Open(parsed.GetValue(state)), cancellationToken);
            var view = await client.AskAsync<PinsView>(PinDesk.ListMethod, new { }, cancellationToken);
            if (Chosen(view, parsed.GetValue(server)!, parsed.GetValue(names) ?? [], accept, out var problem) is not { } chosen)
            {
                await Console.Error.WriteLineAsync("editorbridge: " + problem);
                return 1;
            }

            if (chosen.Any(pin => pin.Kind == "launch") && view.Servers.First(s => s.Server == parsed.GetValue(server)).Starts is { } starts) Console.WriteLine($"  It would start: {TerminalText.Line(starts)}");
            foreach (var pin in chosen) Console.WriteLine(Describe(pin));
            if (!parsed.GetValue(yes) && !Confirmed(accept, chosen.Length)) return 2;
            var decision = new PinDecision(parsed.GetValue(server)!, [.. chosen.Select(pin => new PinChoice(Enum.Parse<OfferedKind>(pin.Kind, ignoreCase: true), pin.Name, pin.Fingerprint))], accept, parsed.GetValue(reason));
            var answer = await client.AskAsync<PinAnswer>(PinDesk.DecideMethod, decision, cancellationToken);
            Console.WriteLine(answer.Message);
            return answer.Result is PinResult.Accepted or PinResult.Rejected ? 0 : 2;
        }));
        return command;
    }

    // Null, with the reason, when there is nothing to decide.
    private static PinView[]? Chosen(PinsView view, string server, string[] names, bool accept, out string problem)
    {
        problem = "";
        if (view.Servers.FirstOrDefault(s => s.Server == server) is not { } found)
        {
            problem = $"There is no MCP server '{server}'. Configured are: {(view.Servers.Length == 0 ? "none" : string.Join(", ", view.Servers.Select(s => s.Server)))}. Nothing was decided.";
            return null;
        }

        string NameOf(PinView pin) => pin.Kind is "instructions" or "launch" ? pin.Kind : pin.Name;
        PinView[] able = [.. found.Definitions.Where(pin => pin.Fingerprint.Length > 0 && (accept ? pin.State is "held" or "rejected" || IsUnread(pin) : pin.State is "held" or "accepted"))];
        PinView[] chosen = names.Length == 0 ? [.. able.Where(pin => pin.State == "held")] : [.. able.Where(pin => names.Contains(NameOf(pin), StringComparer.Ordinal))];
        // What waits only for the server's instructions is accepted already; its own decision is about them.
        chosen = [.. chosen.Where(pin => !accept || pin.Reason != "instructions")];
        var missing = names.Where(name => !chosen.Any(pin => NameOf(pin) == name)).ToArray();
        if (missing.Length > 0) problem = $"'{server}' has nothing to {(accept ? "accept" : "reject")} under {string.Join(", ", missing.Select(TerminalText.Line))}. Look with: editorbridge mcp pins {server}. Nothing was decided.";
        else if (chosen.Length == 0) problem = $"Nothing of '{server}' waits for a person.";
        return problem.Length > 0 ? null : chosen;
    }

    // Pinned by themselves with the first list; a person's yes is what passes them on to clients.
    private static bool IsUnread(PinView pin) => pin is { Kind: "instructions", State: "accepted", By: Pin.FirstUse };

    /// <summary>
    /// A person has just been told what a server they added means, and said yes: where that changed how it is started, the host hears of the consent. Says what is left to do, or null.
    /// </summary>
    public static async Task<string?> ConsentAsync(StateFolder state, UpstreamSettings settings, CancellationToken cancellationToken)
    {
        var left = $"It is started another way than was accepted before, so it waits. Accept it with: editorbridge mcp accept {settings.Name} launch";
        if (await HostFinder.FindAsync(state, cancellationToken) is null) return LaunchDefinition.WhyNot(state, settings) is null ? null : $"No host runs that could record your consent. {left}";
        try
        {
            using var client = await ControlClient.ConnectAsync(state, cancellationToken);
            var view = await client.AskAsync<PinsView>(PinDesk.ListMethod, new { }, cancellationToken);
            var launch = view.Servers.FirstOrDefault(s => s.Server == settings.Name)?.Definitions.FirstOrDefault(pin => pin.Kind == "launch");
            // Only what was shown a moment ago, and not what has come into the file since.
            if (launch is not { State: "held" or "rejected" } || launch.Fingerprint != LaunchDefinition.Of(settings).Definition?.Fingerprint) return launch is { State: "accepted" } or null ? null : left;
            var answer = await client.AskAsync<PinAnswer>(PinDesk.DecideMethod, new PinDecision(settings.Name, [new PinChoice(OfferedKind.Launch, launch.Name, launch.Fingerprint)], Accept: true, "editorbridge mcp add"), cancellationToken);
            return answer.Result == PinResult.Accepted ? null : answer.Message;
        }
        catch (HostNotStartedException e)
        {
            return $"{e.Message} {left}";
        }
    }

    private static bool Confirmed(bool accept, int count)
    {
        if (Console.IsInputRedirected)
        {
            Console.Error.WriteLine("editorbridge: nobody can be asked here. Nothing was decided. Decide in a terminal, or add --yes when you have read what is shown.");
            return false;
        }

        Console.Write($"{(accept ? "Accept" : "Reject")} {(count == 1 ? "this definition" : $"these {count} definitions")}? [y/N] ");
        if (Console.ReadLine()?.Trim() is "y" or "Y" or "yes") return true;
        Console.WriteLine("Nothing was decided.");
        return false;
    }

    /// <summary>All servers for a terminal: what waits in full, what is accepted by its name.</summary>
    internal static string Describe(PinsView view)
    {
        var text = new StringBuilder();
        if (view.Problem is { } problem) text.AppendLine(CultureInfo.InvariantCulture, $"Everything is held: {TerminalText.Line(problem)}").AppendLine();
        if (view.Servers.Length == 0) text.AppendLine("No MCP server is configured. Servers stand in mcp.json in the state folder.");
        foreach (var server in view.Servers)
        {
            var waiting = server.Definitions.Where(pin => pin.State == "held").ToArray();
            text.AppendLine(CultureInfo.InvariantCulture, $"{server.Server}  {(server.Pinned ? "" : "not held to pins  ")}{(server.Listed ? "" : "has listed nothing yet  ")}{server.Definitions.Count(p => p.State == "accepted")} accepted, {waiting.Length} waiting, {server.Definitions.Count(p => p.State == "rejected")} rejected");
            if (server.Starts is { } starts && waiting.Any(pin => pin.Kind == "launch")) text.AppendLine(CultureInfo.InvariantCulture, $"    It is not started. It would start: {TerminalText.Line(starts)}");
            foreach (var pin in waiting) text.AppendLine(Describe(pin));
            foreach (var group in server.Definitions.Where(pin => pin.State != "held").GroupBy(pin => (pin.State, pin.By)))
                text.AppendLine(CultureInfo.InvariantCulture, $"    {group.Key.State}{(group.Key.By is { } by ? $" by {TerminalText.Line(by)}" : "")}: {string.Join(", ", group.Select(pin => pin.Kind is "instructions" or "launch" ? $"({pin.Kind})" : TerminalText.Line(pin.Name)))}");
            if (server.Instructions is { } said)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"    its instructions {(said.Withheld is null ? "are passed on to clients:" : "are not passed on. " + said.Withheld)}");
                foreach (var line in said.Text.ReplaceLineEndings("\n").Split('\n')) text.AppendLine(CultureInfo.InvariantCulture, $"      | {TerminalText.Line(line)}");
            }

            if (waiting.Length > 0) text.AppendLine(CultureInfo.InvariantCulture, $"    Decide with: editorbridge mcp accept {server.Server} [NAME …], or reject");
        }

        return text.ToString().TrimEnd();
    }

    /// <summary>One definition for a terminal. What a server wrote is shown as data: no control, formatting or bidi character gets through.</summary>
    internal static string Describe(PinView pin)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"  ● {TerminalText.Line(pin.Headline ?? (pin.Name.Length == 0 ? pin.Kind : $"{pin.Kind} {pin.Name}"))}");
        foreach (var finding in pin.Findings)
            text.AppendLine(CultureInfo.InvariantCulture, $"      [{finding.Id}] {finding.Severity}: {TerminalText.Line(finding.Message)}{(finding.Place.Length > 0 ? $" ({TerminalText.Line(finding.Place)})" : "")}");
        foreach (var change in pin.Changes)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"      {TerminalText.Line(change.Path.Length == 0 ? "(all of it)" : change.Path)}");
            if (change.Before is { } before) text.AppendLine(CultureInfo.InvariantCulture, $"        - {TerminalText.Line(before)}");
            if (change.After is { } after) text.AppendLine(CultureInfo.InvariantCulture, $"        + {TerminalText.Line(after)}");
        }

        return text.ToString().TrimEnd();
    }
}
