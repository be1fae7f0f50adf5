using EditorBridge.Hosting;
using EditorBridge.Snowflake;

namespace EditorBridge.Proxy;

/// <summary>Which account a host or a command works with, and how it is signed in there.</summary>
internal static class AccountChoice
{
    /// <summary>Our own connections, beside Snowflake's.</summary>
    public static string OwnFile(StateFolder state) => state.In("connections.toml");

    /// <summary>Where sign-ins are kept.</summary>
    /// <exception cref="SignInException">The variable that chooses the store says something unknown.</exception>
    public static SecretStore Secrets(StateFolder state)
    {
        var environment = ProfileSearch.OfThisUser(null).Environment;
        var choice = SystemKeyring.Choice(environment);
        return new SecretStore(state.In("sign-ins"), choice == SecretsChoice.File ? null : SystemKeyring.OfThisSession(environment), required: choice == SecretsChoice.System);
    }

    /// <summary>The connection for what the command line says.</summary>
    /// <param name="account">A connection's name or an account identifier; null for the default connection.</param>
    /// <param name="tokenFile">A token's file, which stands over the connection's own way of signing in.</param>
    /// <param name="tokenFromEditor">So does a token that an editor keeps.</param>
    /// <exception cref="SignInException">There is no such connection; the message lists those there are.</exception>
    public static AccountProfile Profile(StateFolder state, string? account, Uri? sandbox, string? tokenFile, bool tokenFromEditor = false)
    {
        if (tokenFromEditor && tokenFile is not null) throw new SignInException("--pat-file and --pat-from-editor are two ways to say where the access token is; give one.");
        var profile = Profile(state, account, sandbox, tokenFile);
        return tokenFromEditor ? profile with { SignIn = SignInKind.ProgrammaticAccessToken, Authenticator = "programmatic_access_token", Token = null, TokenFile = null } : profile;
    }

    private static AccountProfile Profile(StateFolder state, string? account, Uri? sandbox, string? tokenFile)
    {
        if (sandbox is not null)
        {
            if (!SnowflakeHosts.IsLoopback(sandbox.Host)) throw new SignInException($"The sandbox account runs on this machine only, and {sandbox.Host} is not it.");
            return new AccountProfile
            {
                Name = "sandbox",
                Account = new SnowflakeAccount("sandbox", sandbox, IsSandbox: true),
                Identifier = "SANDBOX",
                SignIn = tokenFile is null ? SignInKind.OAuth : SignInKind.ProgrammaticAccessToken,
                TokenFile = tokenFile,
                Sources = ["command line"],
            };
        }

        var found = SnowflakeAccounts.Load(ProfileSearch.OfThisUser(OwnFile(state)));
        if (account is not null && !found.Profiles.Any(profile => profile.Name.Equals(account, StringComparison.OrdinalIgnoreCase)))
        {
            return SnowflakeAccounts.FromIdentifier(account, user: null, role: null, tokenFile);
        }

        var chosen = found.Choose(account);
        return tokenFile is null ? chosen : chosen with { SignIn = SignInKind.ProgrammaticAccessToken, TokenFile = tokenFile };
    }

    /// <summary>The connection for a host, found before anything is started.</summary>
    /// <exception cref="HostNotStartedException">There is no such connection.</exception>
    public static AccountProfile Profile(ServeOptions options) =>
        OrNotStarted(() => Profile(options.State, options.Account, options.Sandbox, options.TokenFile, options.TokenFromEditor));

    /// <param name="refused">Told of every connection that was refused.</param>
    /// <exception cref="HostNotStartedException">The connection lacks what its way of signing in needs.</exception>
    public static AccountConnection Open(AccountProfile profile, StateFolder state, TimeProvider time, ILoggerFactory loggers, Action<Uri, string> refused) =>
        OrNotStarted(() => AccountConnection.Open(profile, Secrets(state), time, loggers, refused));

    private static T OrNotStarted<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (SignInException e)
        {
            throw new HostNotStartedException($"{e.Message} Nothing was started. To try the product without an account: npm start");
        }
    }
}
