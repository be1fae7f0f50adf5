using System.Collections;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using EditorBridge.Guard;
using EditorBridge.Hosting;

namespace EditorBridge.Launching;

/// <summary>
/// A launched Claude Code's way out: a launch at the host, the variables that lead the client to its forward proxy, and the file that
/// gives its shell commands the person's own network back. What a command may do is for the policy's shell rules to say; the proxy is
/// for what the client does by itself.
/// </summary>
internal sealed class ClaudeEgress(HostAddress host, string token, LaunchReply launch) : IDisposable
{
    /// <summary>Names a launch in the client's requests, so that what it tried to reach is an account of its session.</summary>
    public const string LaunchHeader = "x-editorbridge-launch";

    private const string Loopback = "127.0.0.1,localhost,::1";
    private const string Saved = "EDITORBRIDGE_SHELL_";

    private static readonly string[] ToProxy = ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"];
    private static readonly string[] PastProxy = ["NO_PROXY", "no_proxy"];
    private static readonly string[] Persons = [.. ToProxy, .. PastProxy, "ALL_PROXY", "all_proxy", "CLAUDE_ENV_FILE"];

    // Never through a proxy of the environment: it is our own host on this machine.
    private readonly HttpClient _http = Client(host, token);

    /// <exception cref="HostNotStartedException">The host opened none, so nothing could be held back or recorded.</exception>
    public static async Task<ClaudeEgress> OpenAsync(HostAddress host, StateFolder state, Version? version, CancellationToken cancellationToken)
    {
        var token = ClientTokens.Of(state, Guard.Client.Launcher);
        using var http = Client(host, token);
        try
        {
            using var response = await http.PostAsJsonAsync("/launches", new LaunchBody($"claude-code/{version?.ToString() ?? "unknown"}"), cancellationToken);
            response.EnsureSuccessStatusCode();
            return new ClaudeEgress(host, token, (await response.Content.ReadFromJsonAsync<LaunchReply>(cancellationToken))!);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new HostNotStartedException($"The host gave this session no forward proxy ({e.Message}), so Claude Code was not started. An older host may still run: editorbridge stop, then try again.");
        }
    }

    /// <summary>The proxy's variables. They belong in the session's settings too, whose place is above a project's own.</summary>
    public Dictionary<string, string> Proxies => ToProxy.Select(name => KeyValuePair.Create(name, launch.Proxy)).Concat(PastProxy.Select(name => KeyValuePair.Create(name, Loopback))).ToDictionary();

    /// <summary>Everything the client's environment gets, on top of what it has.</summary>
    /// <param name="own">The person's own environment.</param>
    /// <param name="shellFile">Where <see cref="ShellFile"/> was written.</param>
    public Dictionary<string, string> Variables(IDictionary own, string shellFile)
    {
        var variables = Proxies;
        foreach (var name in Persons)
            if (own[name] is string value) variables[Saved + name] = value;
        variables["CLAUDE_ENV_FILE"] = shellFile;
        var header = $"{LaunchHeader}: {launch.Id}";
        variables["ANTHROPIC_CUSTOM_HEADERS"] = own["ANTHROPIC_CUSTOM_HEADERS"] is string { Length: > 0 } headers ? headers.TrimEnd('\n') + "\n" + header : header;
        return variables;
    }

    /// <summary>What Claude Code reads before each shell command (2.1.112 and 2.1.330, measured): the person's own variables again, and their own such file. Holds no value, so no secret.</summary>
    public static string ShellFile()
    {
        var text = new StringBuilder("# Written by 'editorbridge claude' for one session: shell commands use the person's own network settings.\n");
        foreach (var name in Persons)
        {
            text.Append($"if [ -n \"${{{Saved}{name}+set}}\" ]; then export {name}=\"${Saved}{name}\"; else unset {name}; fi\n");
            text.Append($"unset {Saved}{name}\n");
        }

        return text.Append("if [ -n \"$CLAUDE_ENV_FILE\" ] && [ -r \"$CLAUDE_ENV_FILE\" ]; then . \"$CLAUDE_ENV_FILE\"; fi\n").ToString();
    }

    /// <summary>Ends the launch and says what the session tried to reach.</summary>
    public async Task<string> EndAsync()
    {
        try
        {
            using var response = await _http.DeleteAsync($"/launches/{launch.Id}");
            if (response.StatusCode == System.Net.HttpStatusCode.NotFound)
                return "EditorBridge: the host was restarted during this session. Nothing was let out through its forward proxy since; what was tried since is not recorded.";
            response.EnsureSuccessStatusCode();
            var end = (await response.Content.ReadFromJsonAsync<LaunchEnd>())!;
            return $"EditorBridge: {end.Sentence}{(end.Recorded ? "" : " This could not be recorded in the ledger.")}";
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or OperationCanceledException)
        {
            return $"EditorBridge: the host does not answer any more ({e.Message}). What this session tried to reach was let out by nobody, and is recorded as far as the host ran.";
        }
    }

    public void Dispose() => _http.Dispose();

    private static HttpClient Client(HostAddress host, string token)
    {
        var http = HostHttp.Client(TimeSpan.FromSeconds(15));
        http.BaseAddress = new Uri(host.Url);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }
}
