using EditorBridge.Messages;
using Microsoft.Extensions.Logging;

namespace EditorBridge.Snowflake;

/// <summary>A profile at work: its credential, and the one way out to its account.</summary>
public sealed class AccountConnection : IDisposable
{
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly IReadOnlyCollection<string> _allowedHosts;

    private AccountConnection(AccountProfile profile, SecretStore store, HttpMessageInvoker http, Credential credential, TimeProvider time, ILoggerFactory loggers, IReadOnlyCollection<string> allowedHosts)
    {
        Profile = profile;
        Store = store;
        Http = http;
        Credential = credential;
        _time = time;
        _loggers = loggers;
        _allowedHosts = allowedHosts;
    }

    public AccountProfile Profile { get; }

    public Credential Credential { get; }

    public SecretStore Store { get; }

    /// <summary>Reaches the account and, for OAuth, the addresses its profile names; nothing else.</summary>
    public HttpMessageInvoker Http { get; }

    /// <param name="store">Where sign-ins are kept.</param>
    /// <param name="refused">Told of every connection that was refused.</param>
    /// <exception cref="SignInException">The profile's way of signing in is not offered or incomplete.</exception>
    public static AccountConnection Open(
        AccountProfile profile, SecretStore store, TimeProvider time, ILoggerFactory loggers, Action<Uri, string>? refused = null, IReadOnlyCollection<string>? allowedHosts = null, Uri? proxy = null)
    {
        Uri[] origins = [profile.Account.BaseAddress, .. profile.OAuthTokenAddress is { } token ? [token] : Array.Empty<Uri>()];
        var http = new HttpMessageInvoker(new EgressHandler(EgressHandler.Sockets(proxy), origins, refused));
        return new AccountConnection(profile, store, http, Credentials.Create(profile, store, http, time, loggers), time, loggers, allowedHosts ?? []);
    }

    /// <param name="credential">Another than the connection's own: one that is only tried.</param>
    public CortexClient Cortex(CortexOptions? options = null, Credential? credential = null) =>
        new(Profile.Account, credential ?? Credential, Http, options ?? new CortexOptions(), _time, _loggers.CreateLogger<CortexClient>(), _allowedHosts);

    /// <param name="credential">Another than the connection's own: one that is only tried.</param>
    /// <exception cref="SignInException">The driver was chosen and cannot be used.</exception>
    public SqlApiClient Sql(Credential? credential = null) =>
        new(Profile.Account, credential ?? Credential, Http, _time, _loggers.CreateLogger<SqlApiClient>(), _allowedHosts, SnowflakeDriver.Chosen(Profile, credential ?? Credential));

    /// <summary>The browser sign-in of this profile.</summary>
    public OAuthSignIn SignIn() => new(new OAuthClient(Profile, Http, _time), Store, _time);

    /// <summary>Forgets what is kept of a sign-in: the browser's tokens, and an access token that was given once; true when there was something.</summary>
    public bool SignOut() => Store.Delete(new OAuthClient(Profile, Http, _time).StoreName) | Store.Delete(SuppliedToken.StoreName(Profile));

    public void Dispose()
    {
        (Credential as IDisposable)?.Dispose();
        Http.Dispose();
    }
}
