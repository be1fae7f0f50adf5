using EditorBridge.Hosting;
using EditorBridge.Snowflake;

namespace EditorBridge.Proxy;

/// <summary>Which account a host serves, and how it is signed in there.</summary>
internal static class AccountChoice
{
    /// <exception cref="HostNotStartedException">No account was named, or no credential for it.</exception>
    public static (SnowflakeAccount Account, Credential Credential) Make(ServeOptions options)
    {
        if (options.Sandbox is { } sandbox)
        {
            if (!SnowflakeHosts.IsLoopback(sandbox.Host)) throw new HostNotStartedException($"The sandbox account runs on this machine only, and {sandbox.Host} is not it. Nothing was started.");
            return (new SnowflakeAccount("sandbox", sandbox, IsSandbox: true), Token(options, "editorbridge-sandbox writes one with --pat-file"));
        }

        if (options.Account is not { Length: > 0 } name)
            throw new HostNotStartedException("No account was named. Use --account with your Snowflake account identifier (ORG-ACCOUNT), or try the product without one: npm start. Nothing was started.");
        if (!SnowflakeHosts.TryDerive(name, out var host, out var problem))
            throw new HostNotStartedException($"'{name}' is not an account identifier: {problem} Nothing was started.");
        return (new SnowflakeAccount(name, new Uri("https://" + host), IsSandbox: false), Token(options, "make one in Snowsight under your user's settings, and keep the file to yourself (chmod 600)"));
    }

    private static ProgrammaticAccessToken Token(ServeOptions options, string hint) => options.TokenFile is { } file
        ? ProgrammaticAccessToken.FromFile(file)
        : throw new HostNotStartedException($"No credential was given. Name the file that holds a programmatic access token with --pat-file; {hint}. Nothing was started.");
}
