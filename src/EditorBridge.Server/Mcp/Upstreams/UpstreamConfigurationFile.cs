using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>
/// Reads the configuration of MCP servers: the <c>mcpServers</c> object that other programs use, with a few keys of our own (docs/mcp.md).
/// A server with an error in it is left out and named; the others are used.
/// </summary>
internal sealed class UpstreamConfigurationFile
{
    private static readonly string[] TopKeys = ["$schema", "mcpServers", "searchAbove", "allowUserServers", "firstUse"];

    private static readonly string[] ServerKeys =
    [
        "type", "command", "args", "env", "cwd", "url", "headers", "disabled", "inheritEnv", "trusted", "prefix", "allow", "readOnlyTools", "pinnedTools", "timeoutSeconds", "oauth", "description", "firstUse", "pinning",
    ];

    private static readonly string[] StdioKeys = ["args", "env", "cwd", "inheritEnv"];

    private static readonly string[] HttpKeys = ["headers", "oauth"];

    private static readonly string[] OAuthKeys = ["clientId", "clientSecret", "clientMetadataUrl", "callbackPort", "scopes"];

    private const string PolicySays = "what runs without a question is policy's to say (docs/policy.md), or 'readOnlyTools' for tools that only read.";
    private const string PolicyHides = "no tool is left out of the list; a rule of policy on 'mcp_tools' with the effect deny stands in its place (docs/policy.md).";

    /// <summary>Keys that other programs know, and what is meant by them here.</summary>
    private static readonly FrozenDictionary<string, string> OtherPrograms = new Dictionary<string, string>
    {
        ["alwaysAllow"] = PolicySays,
        ["autoApprove"] = PolicySays,
        ["autoApprovedTools"] = PolicySays,
        ["trust"] = "write \"trusted\": true for a server you vouch for.",
        ["timeout"] = "write 'timeoutSeconds', in seconds.",
        ["serverUrl"] = "write 'url'.",
        ["httpUrl"] = "write 'url'.",
        ["transport"] = "write 'type': \"stdio\" or \"http\".",
        ["transportType"] = "write 'type': \"stdio\" or \"http\".",
        ["envFile"] = "no file of variables is read. Name each in 'env', a secret as ${file:/path}.",
        ["disabledTools"] = PolicyHides,
        ["excludeTools"] = PolicyHides,
        ["includeTools"] = PolicyHides,
        ["tools"] = PolicyHides,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly string _file;
    private readonly bool _managed;
    private readonly ImmutableArray<ConfigurationProblem>.Builder _problems = ImmutableArray.CreateBuilder<ConfigurationProblem>();
    private readonly ImmutableArray<UpstreamSettings>.Builder _servers = ImmutableArray.CreateBuilder<UpstreamSettings>();
    private PlacedJson? _json;
    private int? _searchAbove;
    private bool _allowsUserServers = true;
    private bool _asksFirst;

    private UpstreamConfigurationFile(string file, bool managed) => (_file, _managed) = (file, managed);

    /// <summary>Both layers together. An administrator's servers come first, and a person's server of the same name is left out.</summary>
    /// <param name="before">What is in force; null when nothing is yet. A file that is no JSON leaves its servers as they are: it may be in the middle of being written.</param>
    /// <exception cref="StateFolderException">The person's file can be read by others.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static UpstreamConfiguration Load(StateFolder state, UpstreamConfiguration? before = null) =>
        Join(Read(UpstreamPlaces.Managed, managed: true, File.Exists(UpstreamPlaces.Managed) ? File.ReadAllText(UpstreamPlaces.Managed) : null, before),
            Read(UpstreamPlaces.User(state), managed: false, StateFolder.ReadPrivate(UpstreamPlaces.User(state)), before));

    public static UpstreamConfiguration Join(UpstreamConfigurationFile managed, UpstreamConfigurationFile user)
    {
        var servers = managed._servers.ToList();
        var problems = managed._problems.Concat(user._problems).ToList();
        // What an administrator's file was to forbid is not known while something of it cannot be read.
        var unread = managed._problems.Any(p => p is { IsError: true, Server: null });
        foreach (var server in user._servers)
        {
            if (unread)
                problems.Add(user.ProblemOf(server.Name, $"{managed._file} is an administrator's and has a mistake in it, so it is not known whether this server may be used. It is not used until that is mended."));
            else if (!managed._allowsUserServers)
                problems.Add(user.ProblemOf(server.Name, "An administrator allows only the servers in " + managed._file + ". This one is not used."));
            else if (servers.FirstOrDefault(s => string.Equals(s.Name, server.Name, StringComparison.OrdinalIgnoreCase)) is { } same)
                problems.Add(user.ProblemOf(server.Name, same.Managed
                    ? "An administrator has set up a server of this name in " + managed._file + ", and that one is used."
                    : $"There is '{same.Name}' already, and two names that differ in upper and lower case only are taken for each other. This one is not used."));
            else
                servers.Add(server);
        }

        // What an administrator wants seen first is seen first, whatever a person's file says.
        var all = servers.Select(server => managed._asksFirst && !server.AsksFirst ? AskingFirst(server) : server);
        return new UpstreamConfiguration([.. all], [.. problems], managed._searchAbove ?? user._searchAbove ?? UpstreamConfiguration.DefaultSearchAbove);
    }

    /// <param name="text">Null when there is no file, which configures nothing.</param>
    /// <param name="before">What is in force and stays so when the text is no JSON.</param>
    public static UpstreamConfigurationFile Read(string file, bool managed, string? text, UpstreamConfiguration? before = null)
    {
        var read = new UpstreamConfigurationFile(file, managed);
        if (text is not null) read.ReadText(text, before);
        return read;
    }

    // The way a server is met belongs to what was written about it: another way, and it is met anew.
    private static UpstreamSettings AskingFirst(UpstreamSettings server) => server with { AsksFirst = true, Pinning = true, Fingerprint = server.Fingerprint + ":ask" };

    private void ReadText(string text, UpstreamConfiguration? before)
    {
        try
        {
            _json = PlacedJson.Parse(text);
        }
        catch (PlacedJsonException e)
        {
            ImmutableArray<UpstreamSettings> kept = [.. before?.Servers.Where(server => server.Managed == _managed) ?? []];
            _servers.AddRange(kept);
            _searchAbove = _managed ? null : before?.SearchAbove;
            _problems.Add(new ConfigurationProblem(_file, e.Line, e.Column, null, e.Message + (kept.IsEmpty ? "" : " Until it is mended, its servers stay as they were before.")));
            return;
        }

        if (_json.Root is not JsonObject root)
        {
            Error("", null, "The file holds one object: { \"mcpServers\": { … } }.");
            return;
        }

        foreach (var key in root.Select(p => p.Key).Except(TopKeys))
            Error("/" + key, null, key switch
            {
                "servers" => "The servers stand under 'mcpServers' here.",
                "inputs" => "Nothing is asked for when a server is started. A secret stands in a file of its own (${file:/path}); editorbridge mcp add --secret-env NAME makes one.",
                _ => $"'{key}' is not known here. Known are {string.Join(", ", TopKeys)}.",
            });
        _searchAbove = Number(root, "", "searchAbove", null, 1, 10_000);
        _allowsUserServers = Flag(root, "", "allowUserServers", null) ?? true;
        if (root["allowUserServers"] is not null && !_managed) Error("/allowUserServers", null, "Only an administrator's file can say this.");
        _asksFirst = AsksFirst(root, "", null) ?? false;
        if (root["mcpServers"] is not { } servers) return;
        if (servers is not JsonObject named)
        {
            Error("/mcpServers", null, "'mcpServers' is an object with a member for each server.");
            return;
        }

        foreach (var (name, value) in named) ReadServer(name, value);
    }

    private void ReadServer(string name, JsonNode? value)
    {
        var path = "/mcpServers/" + name;
        var errors = _problems.Count(p => p.IsError);
        if (UpstreamName.Problem(name) is { } unusable) Error(path, name, $"'{Cli.TerminalText.Line(name)}' cannot be used. {unusable}");
        if (value is not JsonObject server)
        {
            Error(path, name, "A server is an object with 'command' or 'url'.");
            return;
        }

        foreach (var key in server.Select(p => p.Key).Except(ServerKeys)) Unknown(path, name, key, server[key]);
        var transport = TransportOf(server, path, name);
        var settings = new UpstreamSettings
        {
            Name = name,
            Managed = _managed,
            Transport = transport ?? UpstreamTransport.Stdio,
            Command = Text(server, path, "command", name),
            Arguments = Texts(server, path, "args", name),
            Folder = Text(server, path, "cwd", name),
            Environment = Map(server, path, "env", name),
            InheritedVariables = Texts(server, path, "inheritEnv", name),
            Url = Address(server, path, name),
            Headers = Map(server, path, "headers", name),
            OAuth = OAuth(server, path, name),
            Disabled = Flag(server, path, "disabled", name) ?? false,
            Trusted = Flag(server, path, "trusted", name) ?? false,
            Prefix = Prefix(server, path, name),
            Allows = Allows(server, path, name),
            ReadOnlyTools = Texts(server, path, "readOnlyTools", name),
            PinnedTools = Texts(server, path, "pinnedTools", name),
            Timeout = TimeSpan.FromSeconds(Number(server, path, "timeoutSeconds", name, 1, 3600) ?? 300),
            Pinning = Flag(server, path, "pinning", name) ?? true,
            AsksFirst = AsksFirst(server, path, name) ?? _asksFirst,
            Fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(server.ToJsonString() + (_asksFirst ? ":ask" : "")))),
        };
        if (transport is not null) Check(settings, server, path);
        if (_problems.Count(p => p.IsError) == errors) _servers.Add(settings);
    }

    private void Check(UpstreamSettings settings, JsonObject server, string path)
    {
        var name = settings.Name;
        if (settings.Transport == UpstreamTransport.Stdio)
        {
            if (string.IsNullOrWhiteSpace(settings.Command)) Error(path, name, "A stdio server needs 'command', the program that is the server.");
            foreach (var key in HttpKeys.Where(server.ContainsKey)) Error($"{path}/{key}", name, $"'{key}' belongs to a server with 'url'.");
            foreach (var variable in settings.InheritedVariables.Concat(settings.Environment.Keys).Where(UpstreamSecrets.IsWithheld))
                Error(path, name, $"{variable} holds what is EditorBridge's or the agent's own, and no server gets it.");
            foreach (var (key, text) in settings.Environment) CheckReferences($"{path}/env/{key}", name, text);
            for (var i = 0; i < settings.Arguments.Length; i++) CheckPlain($"{path}/args/{i}", name, settings.Arguments[i]);
            if (settings.Folder is { } folder && !Path.IsPathRooted(UpstreamSecrets.Plain(folder))) Error(path + "/cwd", name, "'cwd' is an absolute path.");
        }
        else
        {
            if (!server.ContainsKey("url")) Error(path, name, "A server over HTTP needs 'url', its address.");
            foreach (var key in StdioKeys.Where(server.ContainsKey)) Error($"{path}/{key}", name, $"'{key}' belongs to a server with 'command'.");
            foreach (var (key, text) in settings.Headers)
            {
                CheckReferences($"{path}/headers/{key}", name, text);
                if (key.AsSpan().ContainsAny(" :\r\n") || text.AsSpan().ContainsAny('\r', '\n')) Error($"{path}/headers/{key}", name, "This is not a header's name and value.");
            }
        }

        if (!settings.Pinning && !settings.Trusted) Error(path + "/pinning", name, "A server that is not held to its pins could change what its tools say at any time, so it has to be 'trusted'.");
        if (settings.Prefix.Length == 0 && !settings.Trusted) Error(path + "/prefix", name, "A server without a prefix could take the place of other tools, so it has to be 'trusted'.");
    }

    private UpstreamTransport? TransportOf(JsonObject server, string path, string name)
    {
        var type = Text(server, path, "type", name);
        var hasCommand = server.ContainsKey("command");
        var hasUrl = server.ContainsKey("url");
        if (hasCommand && hasUrl) Error(path, name, "A server has 'command' or 'url', not both.");
        switch (type)
        {
            case null when !hasCommand && !hasUrl:
                Error(path, name, "A server needs 'command' (a program here) or 'url' (a server elsewhere).");
                return null;
            case null:
                return hasUrl ? UpstreamTransport.Http : UpstreamTransport.Stdio;
            case "stdio":
                return UpstreamTransport.Stdio;
            case "http" or "streamable-http" or "streamableHttp":
                return UpstreamTransport.Http;
            case "sse":
                Error(path + "/type", name, "The HTTP+SSE transport is deprecated and not spoken here. Most servers that had it also answer streamable HTTP: write \"type\": \"http\" and the address their documentation gives (often /mcp instead of /sse).");
                return null;
            default:
                Error(path + "/type", name, $"'{type}' is not a transport. Write \"stdio\" or \"http\".");
                return null;
        }
    }

    private Uri? Address(JsonObject server, string path, string name)
    {
        if (Text(server, path, "url", name) is not { } text) return null;
        CheckPlain(path + "/url", name, text);
        if (!Uri.TryCreate(UpstreamSecrets.Plain(text), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            Error(path + "/url", name, "This is not an http or https address.");
            return null;
        }

        if (url.Scheme == "http" && !url.IsLoopback) Error(path + "/url", name, "Only https is spoken with other machines. http is for servers on this one.");
        if (url.UserInfo.Length > 0) Error(path + "/url", name, "A name and password do not belong into an address. Use 'headers' with a reference.");
        return url;
    }

    private UpstreamOAuth OAuth(JsonObject server, string path, string name)
    {
        path += "/oauth";
        if (server["oauth"] is not { } given) return UpstreamOAuth.Usual;
        if (given is not JsonObject oauth)
        {
            Error(path, name, "'oauth' is an object: what is known of the server's sign-in beforehand. Without it everything is asked of the server.");
            return UpstreamOAuth.Usual;
        }

        foreach (var key in oauth.Select(p => p.Key).Except(OAuthKeys)) Warning($"{path}/{key}", name, $"'{key}' is not known here and has no effect. Known are {string.Join(", ", OAuthKeys)}.");
        var secret = Text(oauth, path, "clientSecret", name);
        if (secret is not null) CheckReferences(path + "/clientSecret", name, secret);
        if (secret is not null && !oauth.ContainsKey("clientId")) Error(path + "/clientSecret", name, "A client's secret belongs to a 'clientId'.");
        Uri? document = null;
        if (Text(oauth, path, "clientMetadataUrl", name) is { } text && (!Uri.TryCreate(text, UriKind.Absolute, out document) || document.Scheme != "https" || document.AbsolutePath.Length <= 1))
            Error(path + "/clientMetadataUrl", name, "'clientMetadataUrl' is the https address of a document that describes this client, with a path.");
        return new UpstreamOAuth
        {
            ClientId = Text(oauth, path, "clientId", name),
            ClientSecret = secret,
            ClientMetadata = document,
            CallbackPort = Number(oauth, path, "callbackPort", name, 1024, 65535) ?? 0,
            Scopes = Texts(oauth, path, "scopes", name),
        };
    }

    private string Prefix(JsonObject server, string path, string name)
    {
        var prefix = Text(server, path, "prefix", name) ?? name;
        if (prefix.Length > 0 && prefix != name && UpstreamName.Problem(prefix) is { } problem) Error(path + "/prefix", name, problem.Replace("A server's name", "A prefix", StringComparison.Ordinal));
        return prefix;
    }

    private bool? AsksFirst(JsonObject from, string path, string? name)
    {
        switch (Text(from, path, "firstUse", name))
        {
            case null:
                return null;
            case "pin":
                return false;
            case "ask":
                return true;
            case var other:
                Error(path + "/firstUse", name, $"'{other}' is no way to meet a server. Write \"pin\" (what it offers at first is accepted) or \"ask\" (a person accepts it).");
                return null;
        }
    }

    private ImmutableHashSet<ClientFeature> Allows(JsonObject server, string path, string name)
    {
        if (!server.ContainsKey("allow")) return [ClientFeature.Elicitation];
        var allowed = ImmutableHashSet.CreateBuilder<ClientFeature>();
        foreach (var word in Texts(server, path, "allow", name))
        {
            if (Enum.TryParse<ClientFeature>(word, ignoreCase: true, out var feature) && Enum.IsDefined(feature)) allowed.Add(feature);
            else Error(path + "/allow", name, $"'{word}' cannot be allowed. A server may be allowed elicitation, sampling and roots.");
        }

        return allowed.ToImmutable();
    }

    private void Unknown(string path, string name, string key, JsonNode? value)
    {
        // Other programs' word for being switched off: passed over, it would start a program that is not to run.
        if (key == "enabled" && value?.GetValueKind() != JsonValueKind.True) Error($"{path}/{key}", name, "'enabled' is not known here. Write \"disabled\": true to keep the server without starting it.");
        else Warning($"{path}/{key}", name, OtherPrograms.GetValueOrDefault(key) is { } meant ? $"'{key}' has no effect: {meant}" : $"'{key}' is not known here and has no effect.");
    }

    private void CheckReferences(string path, string name, string text)
    {
        if (UpstreamSecrets.ReferenceProblem(text) is { } problem) Error(path, name, problem);
    }

    // Command lines are visible to everybody on the machine, and an address ends in logs.
    private void CheckPlain(string path, string name, string text)
    {
        if (UpstreamSecrets.PlainProblem(text) is { } problem) Error(path, name, problem);
    }

    private string? Text(JsonObject from, string path, string key, string? server)
    {
        if (from[key] is not { } value) return null;
        if (value.GetValueKind() == JsonValueKind.String) return value.GetValue<string>();
        Error($"{path}/{key}", server, $"'{key}' is a text.");
        return null;
    }

    private bool? Flag(JsonObject from, string path, string key, string? server)
    {
        if (from[key] is not { } value) return null;
        if (value.GetValueKind() is JsonValueKind.True or JsonValueKind.False) return value.GetValue<bool>();
        Error($"{path}/{key}", server, $"'{key}' is true or false.");
        return null;
    }

    private int? Number(JsonObject from, string path, string key, string? server, int least, int most)
    {
        if (from[key] is not { } value) return null;
        if (value is JsonValue number && number.TryGetValue(out int read) && read >= least && read <= most) return read;
        Error($"{path}/{key}", server, $"'{key}' is a whole number from {least} to {most}.");
        return null;
    }

    private ImmutableArray<string> Texts(JsonObject from, string path, string key, string? server)
    {
        if (from[key] is not { } value) return [];
        if (value is JsonArray list && list.All(item => item?.GetValueKind() == JsonValueKind.String)) return [.. list.Select(item => item!.GetValue<string>())];
        Error($"{path}/{key}", server, $"'{key}' is a list of texts.");
        return [];
    }

    private ImmutableSortedDictionary<string, string> Map(JsonObject from, string path, string key, string? server)
    {
        if (from[key] is not { } value) return ImmutableSortedDictionary<string, string>.Empty;
        if (value is JsonObject map && map.All(p => p.Value?.GetValueKind() == JsonValueKind.String)) return map.ToImmutableSortedDictionary(p => p.Key, p => p.Value!.GetValue<string>(), StringComparer.Ordinal);
        Error($"{path}/{key}", server, $"'{key}' is an object whose values are texts.");
        return ImmutableSortedDictionary<string, string>.Empty;
    }

    private void Error(string path, string? server, string message) => Add(path, server, message, isError: true);

    private void Warning(string path, string? server, string message) => Add(path, server, message, isError: false);

    private void Add(string path, string? server, string message, bool isError)
    {
        var (line, column) = _json!.Place(path);
        _problems.Add(new ConfigurationProblem(_file, line, column, server, message, isError));
    }

    private ConfigurationProblem ProblemOf(string server, string message)
    {
        var (line, column) = _json?.Place("/mcpServers/" + server) ?? default;
        return new ConfigurationProblem(_file, line, column, server, message);
    }
}
