using Microsoft.Extensions.Logging;

namespace EditorBridge.Snowflake;

/// <summary>Stays signed in with the tokens a browser sign-in left in the secrets store.</summary>
public sealed class OAuthCredential(OAuthClient client, SecretStore store, TimeProvider time, ILogger<OAuthCredential> logger) : RenewingCredential(time, logger)
{
    private readonly TimeProvider _time = time;

    public override string Description => "browser sign-in (OAuth)";

    public override TokenKind Kind => TokenKind.OAuth;

    private protected override async Task<Fetched> FetchAsync(bool force, CancellationToken cancellationToken)
    {
        var tokens = OAuthTokens.FromJson(await store.ReadAsync(client.StoreName, cancellationToken))
            ?? throw new SignInException("Nobody has signed in to this account. Run: editorbridge login");
        // Another process of this user may have renewed the tokens; then there is nothing left to do.
        if (force || tokens.ExpiresAt <= _time.GetUtcNow())
        {
            try
            {
                tokens = await client.RefreshAsync(tokens, cancellationToken);
            }
            catch (SignInAgainException exception)
            {
                throw new SignInException(exception.Message, exception);
            }
            await store.WriteAsync(client.StoreName, tokens.ToJson(), cancellationToken);
        }
        return new Fetched(new AccessToken(tokens.AccessToken, TokenKind.OAuth, tokens.ExpiresAt), tokens.RefreshFrom);
    }
}
