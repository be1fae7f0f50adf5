using System.Text;
using EditorBridge.Snowflake;

namespace EditorBridge.Proxy;

/// <summary>Our own connections file, in the shape of Snowflake's. Snowflake's files are read and never written.</summary>
internal static class OwnConnections
{
    /// <summary>Adds a connection that no file knows yet, so that the next start finds it. Never holds a secret.</summary>
    public static void Remember(string file, AccountProfile profile)
    {
        if (profile.Account.IsSandbox || SnowflakeAccounts.Load(ProfileSearch.OfThisUser(file)).Profiles.Any(known => known.Name.Equals(profile.Name, StringComparison.OrdinalIgnoreCase))) return;
        var text = new StringBuilder(StateFolder.ReadPrivate(file) ?? "# Connections EditorBridge added; same keys as Snowflake's connections.toml.\n");
        text.Append($"\n[{Quoted(profile.Name)}]\naccount = {Quoted(profile.Identifier)}\nauthenticator = {Quoted(Authenticator(profile.SignIn))}\n");
        if (profile.User is { } user) text.Append($"user = {Quoted(user)}\n");
        if (profile.Role is { } role) text.Append($"role = {Quoted(role)}\n");
        StateFolder.WritePrivate(file, text.ToString());
    }

    private static string Authenticator(SignInKind kind) => kind == SignInKind.ProgrammaticAccessToken ? "programmatic_access_token" : "oauth_authorization_code";

    private static string Quoted(string value) => $"\"{value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
