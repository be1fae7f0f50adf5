using System.CommandLine;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Launching;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge claude [any Claude Code arguments]</c>: Claude Code, governed. Arguments and the exit code pass through.</summary>
internal static class ClaudeCommand
{
    public static Command Build()
    {
        var arguments = new Argument<string[]>("arguments") { Description = "Arguments for Claude Code, passed on as they are.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("claude", $"Start Claude Code through EditorBridge (the program named by {ClaudeProgram.Variable}, else 'claude' on the PATH).") { arguments };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((_, cancellationToken) => CommandLine.GuardedAsync(() => RunAsync(Passed(), cancellationToken)));
        return command;
    }

    // Everything behind "claude" is Claude Code's, options that look like ours included.
    private static string[] Passed()
    {
        var all = Environment.GetCommandLineArgs();
        return all[(Array.IndexOf(all, "claude", 1) + 1)..];
    }

    private static async Task<int> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var state = StateFolder.Open(path: null);
        var program = ClaudeProgram.Find() ?? throw new HostNotStartedException($"Claude Code was not found. Install it (npm install -g @anthropic-ai/claude-code), or name it with {ClaudeProgram.Variable}.");
        var host = await HostFinder.FindOrStartAsync(state, [], cancellationToken);
        var version = await ClaudeProgram.VersionOfAsync(program, cancellationToken);
        var hooked = version >= ClaudeSession.FailClosedHooks;
        var token = ClientTokens.Of(state, Client.Claude);
        var models = await ModelsAsync(host, token, cancellationToken);
        using var egress = await ClaudeEgress.OpenAsync(host, state, version, cancellationToken);
        var settingsFile = state.In($"claude-settings-{Environment.ProcessId}.json");
        var shellFile = state.In($"claude-shell-{Environment.ProcessId}.sh");
        var mcpFile = state.In($"claude-mcp-{Environment.ProcessId}.json");
        var hasRun = false;
        // From here on there is a launch with credentials: whatever stands in the way, it ends.
        try
        {
            WriteSettings(settingsFile, host.Url, hooked, egress.Proxies, ref arguments);
            StateFolder.WritePrivate(shellFile, ClaudeEgress.ShellFile());
            StateFolder.WritePrivate(mcpFile, ClaudeSession.McpServers(host.Url, Directory.GetCurrentDirectory()).ToJsonString());
            await Console.Error.WriteLineAsync(Banner(host, version, hooked));
            var info = StartInfo(state, host, program, arguments, settingsFile, mcpFile, hooked, token, models);
            foreach (var (name, value) in egress.Variables(Environment.GetEnvironmentVariables(), shellFile)) info.Environment[name] = value;
            using var process = Process.Start(info)
                ?? throw new HostNotStartedException($"The system did not start {program}.");
            hasRun = true;
            // The terminal sends Ctrl-C to both of us; it is the client's to act on. A request to end is passed on.
            using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
            using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
            {
                signal.Cancel = true;
                process.Kill(entireProcessTree: true);
            });
            await process.WaitForExitAsync(CancellationToken.None);
            return process.ExitCode;
        }
        finally
        {
            var tried = await egress.EndAsync();
            if (hasRun) await Console.Error.WriteLineAsync(tried);
            File.Delete(shellFile);
            File.Delete(settingsFile);
            File.Delete(mcpFile);
        }
    }

    private static ProcessStartInfo StartInfo(
        StateFolder state, HostAddress host, string program, string[] arguments, string settingsFile, string mcpFile, bool hooked, string token, ClaudeModels? models)
    {
        var info = new ProcessStartInfo(program) { UseShellExecute = false };
        foreach (var name in ClaudeSession.Removed) info.Environment.Remove(name);
        foreach (var (name, value) in ClaudeSession.Environment(host.Url, token, hooked ? ClientTokens.Of(state, Client.Hook) : null, ClientTokens.Of(state, Client.Mcp), models))
        {
            // A model the person chose stays chosen; the proxy knows its aliases.
            if (name.EndsWith("_MODEL", StringComparison.Ordinal) && info.Environment.ContainsKey(name)) continue;
            info.Environment[name] = value;
        }

        foreach (var (name, value) in ClaudeSession.EditorWindow(Environment.GetEnvironmentVariable(ClaudeSession.EditorPortVariable))) info.Environment[name] = value;
        foreach (var argument in (string[])["--mcp-config", mcpFile, "--settings", settingsFile, .. arguments]) info.ArgumentList.Add(argument);
        return info;
    }

    // The client takes one --settings only: the person's own are read and ours laid over them.
    private static void WriteSettings(string file, string baseUrl, bool hooked, Dictionary<string, string> proxies, ref string[] arguments)
    {
        JsonObject? given = null;
        var at = Array.IndexOf(arguments, "--settings");
        if (at >= 0 && at + 1 < arguments.Length)
        {
            var value = arguments[at + 1];
            try
            {
                given = JsonNode.Parse(value.TrimStart().StartsWith('{') ? value : File.ReadAllText(value)) as JsonObject;
            }
            catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
            {
                throw new HostNotStartedException($"The settings given with --settings cannot be read: {e.Message} Claude Code was not started.");
            }

            arguments = [.. arguments[..at], .. arguments[(at + 2)..]];
        }

        var settings = ClaudeSession.Settings(baseUrl, hooked, given);
        // A project's own settings stand above the environment and below this file, so that no repository leads the client past the proxy.
        foreach (var (name, value) in proxies) settings["env"]![name] = value;
        StateFolder.WritePrivate(file, settings.ToJsonString());
    }

    private static async Task<ClaudeModels?> ModelsAsync(HostAddress host, string token, CancellationToken cancellationToken)
    {
        using var client = HostHttp.Client(TimeSpan.FromSeconds(10));
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            var list = await client.GetFromJsonAsync<JsonObject>(host.Url + "/v1/models?limit=1000", cancellationToken);
            return ClaudeModels.From([.. (list?["data"] as JsonArray ?? []).Select(m => m?["id"]?.GetValue<string>()).OfType<string>()]);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"editorbridge: the account's models could not be listed ({e.Message}); Claude Code uses its own default model name.");
            return null;
        }
    }

    private static string Banner(HostAddress host, Version? version, bool hooked) =>
        $"EditorBridge: Claude Code {version?.ToString() ?? "(version unknown)"} through {host.Url}, account {host.Account}{(host.Sandbox ? " (SANDBOX)" : "")}; "
        + (hooked ? "tools are held by its hook." : $"tools are held in the stream, because hooks before {ClaudeSession.FailClosedHooks} let a tool run when they cannot be reached.");
}
