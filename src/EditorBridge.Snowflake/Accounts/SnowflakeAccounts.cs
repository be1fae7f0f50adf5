using System.Collections.Immutable;

namespace EditorBridge.Snowflake;

/// <summary>Where profiles are looked for. Everything the search reads stands here, so that it can be tried on any folder.</summary>
/// <param name="Environment">The process's variables.</param>
/// <param name="Home">The user's home folder.</param>
/// <param name="OwnFile">EditorBridge's own connections file, which stands over Snowflake's; need not exist.</param>
/// <param name="AllowedHosts">Private hosts, by name, that may hold a credential.</param>
public sealed record ProfileSearch(IReadOnlyDictionary<string, string> Environment, string Home, string? OwnFile = null, IReadOnlyCollection<string>? AllowedHosts = null)
{
    /// <summary>The search of a running program.</summary>
    public static ProfileSearch OfThisUser(string? ownFile) => new(
        System.Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal),
        System.Environment.GetFolderPath(System.Environment.SpecialFolder.UserProfile),
        ownFile);
}

/// <summary>The profiles of this user.</summary>
/// <param name="Default">The profile to use when none is named, or null.</param>
/// <param name="Problems">What was found wrong on the way, one sentence each.</param>
public sealed record ProfilesFound(ImmutableArray<AccountProfile> Profiles, AccountProfile? Default, ImmutableArray<string> Problems)
{
    /// <summary>The named profile, or the default one.</summary>
    /// <exception cref="SignInException">There is none; the message lists what there is.</exception>
    public AccountProfile Choose(string? name)
    {
        var found = name is null ? Default : Profiles.FirstOrDefault(profile => profile.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (found is not null)
        {
            return found;
        }
        var known = Profiles.IsEmpty ? "There are no connections." : $"There are: {string.Join(", ", Profiles.Select(profile => profile.Name))}.";
        var problems = Problems.IsEmpty ? "" : $" {string.Join(' ', Problems)}";
        throw new SignInException(name is null
            ? $"No Snowflake account is configured. {known} Add one to ~/.snowflake/connections.toml, set SNOWFLAKE_ACCOUNT, or run: editorbridge login --account myorg-myaccount{problems}"
            : $"There is no connection named '{name}'. {known}{problems}");
    }
}

/// <summary>
/// Finds the accounts a user already has: Snowflake's <c>connections.toml</c> and <c>config.toml</c>, the variables
/// <c>SNOWFLAKE_CONNECTIONS_&lt;NAME&gt;_&lt;KEY&gt;</c> and <c>SNOWFLAKE_&lt;KEY&gt;</c>, and our own file. Files are read and never written.
/// </summary>
public static class SnowflakeAccounts
{
    private const string NamedPrefix = "SNOWFLAKE_CONNECTIONS_";

    /// <summary>Variables that complete a connection wherever it says nothing itself.</summary>
    private static readonly string[] GeneralKeys =
        ["account", "user", "role", "warehouse", "database", "schema", "authenticator", "private_key_file", "token_file_path", "token", "host", "port", "protocol", "region"];

    public static ProfilesFound Load(ProfileSearch search)
    {
        var files = new ConnectionFiles();
        files.ReadFolder(ConnectionFiles.Folder(search.Environment, search.Home));
        if (search.OwnFile is { } own)
        {
            files.ReadFile(own);
        }
        ReadNamedVariables(search.Environment, files);
        var defaultName = Variable(search, "SNOWFLAKE_DEFAULT_CONNECTION_NAME") ?? files.DefaultName
            ?? (files.Connections.ContainsKey("default") ? "default" : files.Connections.Count == 1 ? files.Connections.Keys.Single() : null);
        if (files.Connections.Count == 0 && Variable(search, "SNOWFLAKE_ACCOUNT") is not null)
        {
            files.Named(defaultName ??= "environment").Sources.Add("environment");
        }
        var profiles = new List<AccountProfile>();
        foreach (var connection in files.Connections.Values)
        {
            Complete(connection, search);
            if (TryMake(connection, search, out var profile, out var problem))
            {
                profiles.Add(profile);
            }
            else
            {
                files.Problems.Add($"Connection '{connection.Name}' was not used: {problem}");
            }
        }
        return new ProfilesFound(
            [.. profiles],
            profiles.Find(profile => profile.Name.Equals(defaultName, StringComparison.OrdinalIgnoreCase)) ?? (profiles.Count == 1 ? profiles[0] : null),
            [.. files.Problems]);
    }

    /// <summary>A profile for an account that no file names: browser sign-in, or a token's file when one is given.</summary>
    /// <exception cref="SignInException">The text is no account identifier.</exception>
    public static AccountProfile FromIdentifier(string account, string? user, string? role, string? tokenFile)
    {
        var connection = new ConnectionSettings(account);
        connection.Set("account", account);
        connection.Sources.Add("command line");
        return TryMake(connection, new ProfileSearch(new Dictionary<string, string>(), ""), out var profile, out var problem)
            ? profile with { User = user, Role = role, TokenFile = tokenFile, SignIn = tokenFile is null ? SignInKind.OAuth : SignInKind.ProgrammaticAccessToken }
            : throw new SignInException(problem);
    }

    private static void ReadNamedVariables(IReadOnlyDictionary<string, string> environment, ConnectionFiles files)
    {
        foreach (var (variable, value) in environment.Where(entry => entry.Key.StartsWith(NamedPrefix, StringComparison.OrdinalIgnoreCase)))
        {
            // Both names and keys may hold underscores: the longest connection that exists wins, then a one-word name.
            var rest = variable[NamedPrefix.Length..];
            var name = files.Connections.Keys.Where(known => rest.StartsWith(known + "_", StringComparison.OrdinalIgnoreCase)).MaxBy(known => known.Length)
                ?? rest.Split('_', 2)[0];
            if (rest.Length <= name.Length + 1)
            {
                continue;
            }
            var connection = files.Named(files.Connections.ContainsKey(name) ? name : name.ToLowerInvariant());
            if (connection.Set(rest[(name.Length + 1)..], value) && !connection.Sources.Contains("environment"))
            {
                connection.Sources.Add("environment");
            }
        }
    }

    private static void Complete(ConnectionSettings connection, ProfileSearch search)
    {
        foreach (var key in GeneralKeys)
        {
            if (connection[key] is null && Variable(search, $"SNOWFLAKE_{key.ToUpperInvariant()}") is { } value)
            {
                connection.Set(key, value);
            }
        }
        if (connection["private_key_passphrase"] is null && Variable(search, "PRIVATE_KEY_PASSPHRASE") is { } passphrase)
        {
            connection.Set("private_key_passphrase", passphrase);
        }
    }

    private static bool TryMake(ConnectionSettings connection, ProfileSearch search, out AccountProfile profile, out string problem)
    {
        profile = null!;
        if (!TryAddress(connection, search, out var account, out problem))
        {
            return false;
        }
        profile = new AccountProfile
        {
            Name = connection.Name,
            Account = account,
            Identifier = connection["account"] ?? account.BaseAddress.Host.Split('.')[0],
            SignIn = SignInOf(connection),
            Authenticator = connection["authenticator"],
            User = connection["user"],
            Role = connection["role"],
            Warehouse = connection["warehouse"],
            Database = connection["database"],
            Schema = connection["schema"],
            Token = Hidden(connection["token"]),
            TokenFile = Expanded(connection["token_file_path"], search.Home),
            TokenCommand = connection["token_command"] is { } command ? [.. command.Split('\n')] : [],
            PrivateKeyFile = Expanded(connection["private_key_file"], search.Home),
            PrivateKeyPassphrase = Hidden(connection["private_key_passphrase"]),
            OAuthClientId = connection["oauth_client_id"],
            OAuthClientSecret = Hidden(connection["oauth_client_secret"]),
            OAuthAuthorizationAddress = Address(connection["oauth_authorization_url"]),
            OAuthTokenAddress = Address(connection["oauth_token_request_url"]),
            OAuthScope = connection["oauth_scope"],
            Sources = [.. connection.Sources],
        };
        return true;
    }

    private static bool TryAddress(ConnectionSettings connection, ProfileSearch search, out SnowflakeAccount account, out string problem)
    {
        account = null!;
        var written = connection["host"] ?? connection["account"];
        if (written is null)
        {
            problem = "it names no account.";
            return false;
        }
        var region = connection["host"] is null ? connection["region"] : null;
        if (SnowflakeHosts.IsLoopback(written))
        {
            var sandbox = new Uri($"{connection["protocol"] ?? "http"}://{written}:{connection["port"] ?? "80"}");
            account = new SnowflakeAccount(connection.Name, sandbox, IsSandbox: true);
            problem = "";
            return true;
        }
        var allowed = search.AllowedHosts ?? [];
        string host;
        if (allowed.Contains(written, StringComparer.OrdinalIgnoreCase))
        {
            host = written;
        }
        else if (!SnowflakeHosts.TryDerive(region is null ? written : $"{written}.{region}", out host, out problem))
        {
            return false;
        }
        var address = new UriBuilder(connection["protocol"] ?? "https", host, int.TryParse(connection["port"], out var port) ? port : 443).Uri;
        if (!SnowflakeHosts.MayHoldCredential(address, isSandbox: false, allowed))
        {
            problem = $"no credential may go to {address.GetLeftPart(UriPartial.Authority)}; it must be https to a Snowflake host.";
            return false;
        }
        account = new SnowflakeAccount(connection.Name, address, IsSandbox: false);
        problem = "";
        return true;
    }

    private static SignInKind SignInOf(ConnectionSettings connection) => connection["authenticator"]?.ToLowerInvariant() switch
    {
        "programmatic_access_token" => SignInKind.ProgrammaticAccessToken,
        "snowflake_jwt" => SignInKind.KeyPair,
        "oauth" => SignInKind.ExternalToken,
        // The browser signs in at the same identity provider either way; OAuth needs no driver for it.
        "oauth_authorization_code" or "externalbrowser" => SignInKind.OAuth,
        null when connection["token_command"] is not null => SignInKind.ExternalToken,
        null when connection["private_key_file"] is not null => SignInKind.KeyPair,
        null when connection["token"] is not null || connection["token_file_path"] is not null => SignInKind.ProgrammaticAccessToken,
        null => SignInKind.OAuth,
        _ => SignInKind.Unsupported,
    };

    private static Secret? Hidden(string? value) => value is null ? null : new Secret(value);

    private static Uri? Address(string? value) => Uri.TryCreate(value, UriKind.Absolute, out var address) ? address : null;

    private static string? Expanded(string? path, string home) => path is not null && path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(home, path[2..]) : path;

    private static string? Variable(ProfileSearch search, string name) => search.Environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
}
