using System.Collections.Frozen;
using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Web;
using EditorBridge.Audit;
using EditorBridge.Mcp.Trust;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Setup;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge mcp add</c>: puts a server behind the gateway, after saying what that means. No secret stands on the command line: it is asked for and kept in a file of its own.</summary>
internal sealed partial class McpAddCommand
{
    private static readonly FrozenSet<string> SecretWords = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "token", "secret", "key", "apikey", "sig", "signature", "password", "passwd", "pwd", "auth", "authorization", "credential", "credentials", "pat");

    private readonly Argument<string> _name = new("name") { Description = "What the server is called here; its tools are listed as NAME__tool." };
    private readonly Argument<string[]> _target = new("target") { Description = "The address of a server over HTTP, or after -- a program and its arguments.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string[]> _env = new("--env") { Description = "NAME=VALUE for the program, for what is no secret. May be given several times." };
    private readonly Option<string[]> _secretEnv = new("--secret-env") { Description = "NAME of a variable whose value is asked for (or a line of stdin) and kept in a file only you can read." };
    private readonly Option<string[]> _inheritEnv = new("--inherit-env") { Description = "NAME of a variable of the host that the program gets. It gets no others but PATH, HOME and the like." };
    private readonly Option<string[]> _secretHeader = new("--secret-header") { Description = "NAME of a header, such as Authorization, whose value is asked for and kept in a file only you can read." };
    private readonly Option<string[]> _header = new("--header") { Description = "NAME=VALUE of a header that is no secret." };
    private readonly Option<string?> _folder = new("--cwd") { Description = "Folder the program runs in (default: your home)." };
    private readonly Option<string[]> _readOnly = new("--read-only-tool") { Description = "A tool of which you say that it only reads; policy lets it run without a question." };
    private readonly Option<string[]> _allow = new("--allow") { Description = "What the server may ask of the client: elicitation (the default), sampling, roots." };
    private readonly Option<bool> _trusted = new("--trusted") { Description = "You vouch for the server: its own word that a tool only reads is believed." };
    private readonly Option<string?> _clientId = new("--client-id") { Description = "Client id that the server's sign-in gave you, where it does not register clients by itself." };
    private readonly Option<bool> _clientSecret = new("--client-secret") { Description = "Ask for the secret that belongs to the client id." };
    private readonly Option<int?> _callbackPort = new("--callback-port") { Description = "Port on 127.0.0.1 the browser comes back to, where the client id is bound to one (default: any free one)." };
    private readonly Option<string[]> _scope = new("--scope") { Description = "Permission to ask for when signing in, where the server names none." };
    private readonly Option<bool> _replace = new("--replace") { Description = "Replace the server of this name." };
    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "Do not ask for confirmation." };
    private readonly Option<bool> _noTest = new("--no-test") { Description = "Do not connect to try it." };
    private readonly Option<string?> _state = StateOption.Build();

    public static Command Build()
    {
        var add = new McpAddCommand();
        var command = new Command("add", "Put an MCP server behind the gateway: editorbridge mcp add files -- npx -y @modelcontextprotocol/server-filesystem ~/project, or editorbridge mcp add tracker https://mcp.example.com/mcp")
        {
            add._name, add._target, add._env, add._secretEnv, add._inheritEnv, add._secretHeader, add._header, add._folder, add._readOnly, add._allow, add._trusted,
            add._clientId, add._clientSecret, add._callbackPort, add._scope, add._replace, add._yes, add._noTest, add._state,
        };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(() => add.RunAsync(parsed, cancellationToken)));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (McpCommand.IsAgents("Nothing was changed.")) return 3;
        var state = StateFolder.Open(parsed.GetValue(_state));
        var edit = new UpstreamConfigurationEdit(state);
        var name = parsed.GetRequiredValue(_name);
        var secrets = new List<(string File, string What)>();
        try
        {
            var server = Server(parsed, edit, name, secrets);
            var settings = edit.Check(name, server, parsed.GetValue(_replace));
            Console.WriteLine(Explain(settings));
            if (!parsed.GetValue(_yes) && !SecretPrompt.Confirm("Add it?"))
            {
                Console.WriteLine("Nothing was changed.");
                return 2;
            }

            edit.Add(name, server, secrets.ToDictionary(s => s.File, s => SecretPrompt.Ask(s.What)));
            Console.WriteLine($"'{name}' stands in {UpstreamPlaces.User(state)}. A running host takes it within two seconds. Take it out again with: editorbridge mcp remove {name}");
            if (await McpPinCommands.ConsentAsync(state, settings, cancellationToken) is { } left) Console.WriteLine(left);
            if (!parsed.GetValue(_noTest)) await McpTestCommand.TryAsync(state, settings, hasConsent: true, cancellationToken);
            return 0;
        }
        catch (UpstreamException e)
        {
            throw new SetupException(e.Message);
        }
    }

    private JsonObject Server(ParseResult parsed, UpstreamConfigurationEdit edit, string name, List<(string File, string What)> secrets)
    {
        if (UpstreamName.Problem(name) is { } unusable) throw new SetupException($"{unusable} Nothing was changed.");
        var target = parsed.GetRequiredValue(_target);
        var isHttp = target[0].StartsWith("http://", StringComparison.OrdinalIgnoreCase) || target[0].StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        if (isHttp && target.Length > 1) throw new SetupException("A server over HTTP has an address and nothing after it. Nothing was changed.");
        RefuseSecrets(target.Append(string.Join(' ', target.Skip(1))));
        if (isHttp) RefuseSecretsInAddress(target[0]);
        var server = isHttp ? new JsonObject { ["type"] = "http", ["url"] = target[0] } : new JsonObject { ["command"] = target[0], ["args"] = Texts(target.Skip(1)) };
        Set(server, "cwd", parsed.GetValue(_folder));
        Set(server, "env", Named(parsed.GetValue(_env), parsed.GetValue(_secretEnv), "variable", edit, name, secrets));
        Set(server, "headers", Named(parsed.GetValue(_header), parsed.GetValue(_secretHeader), "header", edit, name, secrets));
        SetTexts(server, "inheritEnv", parsed.GetValue(_inheritEnv));
        SetTexts(server, "readOnlyTools", parsed.GetValue(_readOnly));
        SetTexts(server, "allow", parsed.GetValue(_allow));
        if (parsed.GetValue(_trusted)) server["trusted"] = true;
        Set(server, "oauth", OAuth(parsed, edit, name, secrets));
        return server;
    }

    private JsonObject? OAuth(ParseResult parsed, UpstreamConfigurationEdit edit, string name, List<(string File, string What)> secrets)
    {
        var oauth = new JsonObject();
        Set(oauth, "clientId", parsed.GetValue(_clientId));
        if (parsed.GetValue(_clientSecret))
        {
            var file = edit.SecretFile(name, "client-secret");
            secrets.Add((file, "The secret of the client id"));
            oauth["clientSecret"] = $"${{file:{file}}}";
        }

        if (parsed.GetValue(_callbackPort) is { } port) oauth["callbackPort"] = port;
        SetTexts(oauth, "scopes", parsed.GetValue(_scope));
        return oauth.Count > 0 ? oauth : null;
    }

    private static JsonObject? Named(string[]? plain, string[]? secret, string kind, UpstreamConfigurationEdit edit, string name, List<(string File, string What)> secrets)
    {
        var named = new JsonObject();
        RefuseSecrets(plain ?? []);
        foreach (var pair in plain ?? [])
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0) throw new SetupException($"'{pair}' is not NAME=VALUE. Nothing was changed.");
            named[pair[..at]] = pair[(at + 1)..];
        }

        foreach (var key in secret ?? [])
        {
            if (key.Length == 0 || key.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-'))) throw new SetupException($"'{key}' is not the name of a {kind}. Its value is asked for. Nothing was changed.");
            var file = edit.SecretFile(name, key);
            secrets.Add((file, $"Value of the {kind} {key}"));
            named[key] = $"${{file:{file}}}";
        }

        return named.Count > 0 ? named : null;
    }

    private static void RefuseSecrets(IEnumerable<string> shown)
    {
        foreach (var text in shown)
        {
            if (Redaction.Redact(text) != text)
                throw new SetupException($"'{Redaction.Redact(text)}' looks like a secret, and a command line can be seen by others and stays in the shell's history. Nothing was changed. Use --secret-env NAME or --secret-header NAME, which ask for the value.");
        }
    }

    /// <exception cref="SetupException">The address carries a name and password, or a part of its query that is called like a secret.</exception>
    internal static void RefuseSecretsInAddress(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url)) throw new SetupException("This is not an http or https address. Nothing was changed.");
        var query = HttpUtility.ParseQueryString(url.Query);
        var secret = url.UserInfo.Length > 0 ? "a name and password"
            : query.AllKeys.FirstOrDefault(key => query[key] is { Length: > 0 } value && ((key is not null && Words().Matches(key).Any(word => SecretWords.Contains(word.Value))) || Redaction.Redact(value) != value)) is { } name ? $"a secret ({name})"
            : null;
        if (secret is null) return;
        throw new SetupException(
            $"The address of {url.Host} carries {secret}. An address stands on the command line, in the shell's history and in the configuration, where others can see it. Nothing was changed. Leave it out and use --secret-header NAME, which asks for the value, if the server takes it in a header.");
    }

    [GeneratedRegex("[A-Z]?[a-z]+|[A-Z]+(?![a-z])")]
    private static partial Regex Words();

    private static string Explain(UpstreamSettings settings)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{settings.Name}: {TerminalText.Line(LaunchDefinition.Starts(settings))}");
        text.AppendLine(settings.Transport == UpstreamTransport.Stdio
            ? "  A program that runs on this machine with your rights, whenever the host runs. EditorBridge holds its calls; it does not hold what the program does by itself."
            : settings.Url is { IsLoopback: true } ? "  A server on this machine that somebody else started: what it does with what it is passed, EditorBridge does not see."
            : "  A server elsewhere: what an agent passes to its tools leaves this machine, after the gate and with a record.");
        if (settings.Transport == UpstreamTransport.Stdio)
            text.AppendLine(CultureInfo.InvariantCulture, $"  It gets {List(settings.Environment.Keys.Concat(settings.InheritedVariables), "no variables of yours")} beside PATH, HOME and the like.");
        text.AppendLine(CultureInfo.InvariantCulture, $"  It may ask the client for: {List(settings.Allows.Select(f => f.ToString().ToLowerInvariant()).Order(StringComparer.Ordinal), "nothing")}.");
        text.Append(settings.Trusted ? "  You vouch for it: what it says only reads runs without a question."
            : settings.ReadOnlyTools.IsEmpty ? "  A person is asked about every call, unless policy says otherwise." : $"  Without a question run: {List(settings.ReadOnlyTools, "")}. A person is asked about every other call, unless policy says otherwise.");
        return text.ToString();
    }

    private static string List(IEnumerable<string> words, string none) => string.Join(", ", words) is { Length: > 0 } list ? list : none;

    private static void Set(JsonObject to, string key, JsonNode? value)
    {
        if (value is not null) to[key] = value;
    }

    private static void SetTexts(JsonObject to, string key, string[]? texts)
    {
        if (texts is { Length: > 0 }) to[key] = Texts(texts);
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);
}
