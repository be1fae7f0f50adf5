using Microsoft.Extensions.Logging;

namespace EditorBridge.Snowflake;

/// <summary>From a profile to the credential it signs in with.</summary>
public static class Credentials
{
    /// <exception cref="SignInException">The profile's way of signing in is not offered, or it lacks what that way needs.</exception>
    public static Credential Create(AccountProfile profile, SecretStore store, HttpMessageInvoker http, TimeProvider time, ILoggerFactory loggers) => profile.SignIn switch
    {
        SignInKind.OAuth => new OAuthCredential(new OAuthClient(profile, http, time), store, time, loggers.CreateLogger<OAuthCredential>()),
        SignInKind.ProgrammaticAccessToken when profile.TokenFile is { } path => ProgrammaticAccessToken.FromFile(path),
        SignInKind.ProgrammaticAccessToken when profile.Token is { } token => ProgrammaticAccessToken.FromValue(token.Value),
        SignInKind.ProgrammaticAccessToken => new SuppliedToken(profile, store),
        SignInKind.KeyPair => new KeyPairCredential(profile, time, loggers.CreateLogger<KeyPairCredential>()),
        SignInKind.ExternalToken => new ExternalTokenCredential(profile, time, loggers.CreateLogger<ExternalTokenCredential>()),
        SignInKind.Unsupported => throw new SignInException(
            $"Connection '{profile.Name}' uses authenticator '{profile.Authenticator}', which EditorBridge does not offer. "
            + "Use oauth_authorization_code (browser), programmatic_access_token, snowflake_jwt or oauth."),
        _ => throw new ArgumentOutOfRangeException(nameof(profile), profile.SignIn, "A way of signing in without a credential."),
    };
}
