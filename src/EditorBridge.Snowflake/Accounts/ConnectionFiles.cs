using Tomlyn;
using Tomlyn.Model;

namespace EditorBridge.Snowflake;

/// <summary>One connection as written: its keys in lower case, each with its value as text. Never holds a password.</summary>
internal sealed class ConnectionSettings(string name)
{
    /// <summary>Keys that are understood; <c>password</c> is not among them, on purpose.</summary>
    private static readonly HashSet<string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        "account", "user", "host", "port", "protocol", "region", "database", "schema", "warehouse", "role", "authenticator", "private_key_file", "private_key_path",
        "private_key_passphrase", "private_key_file_pwd", "token", "token_file_path", "token_command", "oauth_client_id", "oauth_client_secret",
        "oauth_authorization_url", "oauth_token_request_url", "oauth_scope",
    };

    private static readonly Dictionary<string, string> OtherSpellings = new(StringComparer.OrdinalIgnoreCase)
    {
        ["private_key_path"] = "private_key_file",
        ["private_key_file_pwd"] = "private_key_passphrase",
    };

    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);

    public string Name { get; } = name;

    public List<string> Sources { get; } = [];

    public string? this[string key] => _values.TryGetValue(key, out var value) && value.Length > 0 ? value : null;

    /// <summary>Takes a value over what was there; false when the key is none that is understood.</summary>
    public bool Set(string key, string value)
    {
        if (!Known.Contains(key))
        {
            return false;
        }
        _values[OtherSpellings.GetValueOrDefault(key, key)] = value;
        return true;
    }
}

/// <summary>Reads <c>connections.toml</c> and <c>config.toml</c> as Snowflake's own clients write them. Nothing is ever written there.</summary>
internal sealed class ConnectionFiles
{
    public Dictionary<string, ConnectionSettings> Connections { get; } = new(StringComparer.OrdinalIgnoreCase);

    public string? DefaultName { get; private set; }

    public List<string> Problems { get; } = [];

    /// <summary>The folder Snowflake's clients use, in their order of preference.</summary>
    public static string Folder(IReadOnlyDictionary<string, string> environment, string home)
    {
        if (environment.TryGetValue("SNOWFLAKE_HOME", out var named) && named.Length > 0)
        {
            return named;
        }
        var usual = Path.Combine(home, ".snowflake");
        return Directory.Exists(usual) ? usual
            : OperatingSystem.IsWindows() ? Path.Combine(home, "AppData", "Local", "snowflake")
            : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Application Support", "snowflake")
            : Path.Combine(home, ".config", "snowflake");
    }

    /// <summary>Reads both files of a folder; <c>connections.toml</c> replaces the connections of <c>config.toml</c>.</summary>
    public void ReadFolder(string folder)
    {
        var config = Read(Path.Combine(folder, "config.toml"));
        DefaultName = config?.TryGetValue("default_connection_name", out var name) == true ? name as string : null;
        var connectionsPath = Path.Combine(folder, "connections.toml");
        if (Read(connectionsPath) is { } connections)
        {
            Add(connections, connectionsPath);
        }
        else if (config?.TryGetValue("connections", out var inner) == true && inner is TomlTable table)
        {
            Add(table, Path.Combine(folder, "config.toml"));
        }
    }

    /// <summary>Reads a file of ours, whose connections stand over those already read.</summary>
    public void ReadFile(string path)
    {
        if (Read(path) is { } own)
        {
            DefaultName = own.TryGetValue("default_connection_name", out var name) && name is string text ? text : DefaultName;
            Add(own, path);
        }
    }

    public ConnectionSettings Named(string name) =>
        Connections.TryGetValue(name, out var found) ? found : Connections[name] = new ConnectionSettings(name);

    private void Add(TomlTable tables, string path)
    {
        foreach (var (name, value) in tables)
        {
            if (value is not TomlTable table)
            {
                continue;
            }
            var connection = Named(name);
            connection.Sources.Add(path);
            foreach (var (key, setting) in table)
            {
                connection.Set(key, setting switch
                {
                    TomlArray list => string.Join('\n', list.Select(item => item?.ToString())),
                    bool flag => flag ? "true" : "false",
                    IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
                    _ => setting?.ToString() ?? "",
                });
            }
        }
    }

    private TomlTable? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)) != 0)
            {
                Problems.Add($"{path} can be read by other users. Run: chmod 600 {path}");
            }
            return TomlSerializer.Deserialize<TomlTable>(File.ReadAllText(path));
        }
        catch (TomlException exception)
        {
            Problems.Add($"{path} is not valid TOML and was not used: {exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Problems.Add($"{path} could not be read: {exception.Message}");
        }
        return null;
    }
}
