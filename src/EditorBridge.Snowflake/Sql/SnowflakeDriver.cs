using System.Data.Common;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace EditorBridge.Snowflake;

/// <summary>
/// Snowflake's own .NET driver, where this build carries it (<c>-p:SnowflakeDriver=true</c>) and a person chose it (<c>EDITORBRIDGE_SQL=driver</c>). Statements go through it then;
/// inference, and everything else, goes its own way. The driver opens its connections itself, past the one door the others take, which is why it is not the default.
/// </summary>
internal static partial class SnowflakeDriver
{
    private const string Choice = "EDITORBRIDGE_SQL";
    private const string Factory = "Snowflake.Data.Client.SnowflakeDbFactory, Snowflake.Data";

    /// <summary>The driver's statements, or null where the SQL API is used.</summary>
    /// <exception cref="SignInException">The driver was chosen and cannot be used.</exception>
    public static DriverStatements? Chosen(AccountProfile profile, Credential credential, string? choice)
    {
        switch (choice)
        {
            case null or "" or "api":
                return null;
            case not "driver":
                throw new SignInException($"{Choice} is '{choice}'. It is api (the default) or driver.");
        }

        if (credential.Kind == TokenKind.Session) throw new SignInException($"The driver makes sessions of its own and takes none. Sign in another way, or take {Choice}=driver out of the environment.");
        var provider = Type.GetType(Factory)?.GetField("Instance", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as DbProviderFactory
            ?? throw new SignInException($"{Choice} asks for Snowflake's driver, and this build does not carry it. Build with -p:SnowflakeDriver=true, or take the variable out of the environment.");
        return new DriverStatements(provider, async (statement, cancellationToken) => ConnectionString(profile, statement, await credential.GetAsync(cancellationToken)), Before);
    }

    /// <summary>Chosen by the environment.</summary>
    public static DriverStatements? Chosen(AccountProfile profile, Credential credential) => Chosen(profile, credential, Environment.GetEnvironmentVariable(Choice));

    /// <summary>One statement's connection: its own role and tag, no pool that could hand a session on, no telemetry.</summary>
    internal static string ConnectionString(AccountProfile profile, SqlStatement statement, AccessToken token)
    {
        var builder = new DbConnectionStringBuilder
        {
            ["account"] = profile.Identifier,
            ["host"] = profile.Account.BaseAddress.Host,
            ["application"] = "EditorBridge",
            ["poolingEnabled"] = "false",
            ["client_telemetry_enabled"] = "false",
        };
        if (profile.Account.IsSandbox)
        {
            builder["scheme"] = profile.Account.BaseAddress.Scheme;
            builder["port"] = profile.Account.BaseAddress.Port;
        }
        void Add(string key, string? value)
        {
            if (!string.IsNullOrEmpty(value)) builder[key] = value;
        }

        Add("user", profile.User);
        Add("role", statement.Role ?? profile.Role);
        Add("warehouse", statement.Warehouse ?? profile.Warehouse);
        Add("db", statement.Database ?? profile.Database);
        Add("schema", statement.Schema ?? profile.Schema);
        Add("query_tag", statement.QueryTag);
        if (token.Kind == TokenKind.KeyPairJwt)
        {
            Add("authenticator", "snowflake_jwt");
            Add("private_key_file", profile.PrivateKeyFile);
            Add("private_key_pwd", profile.PrivateKeyPassphrase?.Value);
        }
        else
        {
            Add("authenticator", token.Kind == TokenKind.ProgrammaticAccess ? "programmatic_access_token" : "oauth");
            Add("token", token.Value);
        }

        return builder.ConnectionString;
    }

    /// <summary>
    /// The account's own words, code and state in an error of the driver, which wraps them: <c>Error: … SqlState: 42S02, VendorCode: 2003, QueryId: …</c>, and that
    /// perhaps in an error of its own about connecting. Null for an error of another provider.
    /// </summary>
    internal static (string Message, string Code, string? SqlState, string? QueryId)? Words(Exception error)
    {
        (string, string, string?, string?)? found = null;
        for (var at = error; at is not null; at = at.InnerException)
        {
            if (Wrapped().Match(at.Message) is not { Success: true } match) continue;
            var query = match.Groups["query"].Value;
            // Snowflake's codes have six digits everywhere but in the driver, which gives them as a number.
            found = (match.Groups["own"].Value, match.Groups["code"].Value.PadLeft(6, '0'), match.Groups["state"].Value is { Length: > 0 } state ? state : null, query.Length > 0 ? query : null);
        }

        return found;
    }

    [GeneratedRegex(@"^Error: (?<own>.*?)\s* SqlState: (?<state>\w*), VendorCode: (?<code>\d{1,6}), QueryId: (?<query>[\w-]*)\s*$", RegexOptions.Singleline)]
    private static partial Regex Wrapped();

    internal static IEnumerable<string> Before(SqlStatement statement)
    {
        yield return "USE SECONDARY ROLES NONE";
        if (statement.Timeout is { } timeout) yield return string.Create(CultureInfo.InvariantCulture, $"ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = {Math.Ceiling(timeout.TotalSeconds):0}");
    }
}
