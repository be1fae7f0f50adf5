namespace EditorBridge.Snowflake;

/// <summary>
/// A programmatic access token that somebody else keeps and hands over while the host runs: an editor, out of its own secret storage.
/// It is in memory only and ends with the process.
/// </summary>
public sealed class SuppliedToken(string connection) : Credential
{
    private volatile AccessToken? _token;

    public override string Description => "programmatic access token kept by the editor";

    public override TokenKind Kind => TokenKind.ProgrammaticAccess;

    /// <summary>Whether a token was handed over.</summary>
    public bool IsThere => _token is not null;

    /// <param name="secret">Null takes the token away.</param>
    public void Supply(string? secret) => _token = string.IsNullOrWhiteSpace(secret) ? null : new AccessToken(secret.Trim(), TokenKind.ProgrammaticAccess, expiresAt: null);

    public override ValueTask<AccessToken> GetAsync(CancellationToken cancellationToken) => _token is { } token
        ? ValueTask.FromResult(token)
        : ValueTask.FromException<AccessToken>(new SignInException(
            $"Connection '{connection}' signs in with a programmatic access token, and none is at hand. In VS Code run \"EditorBridge: Sign In to Snowflake\", or name token_file_path in the connection. Nothing was sent to the account."));

    /// <summary>Another token may have come since the refused one was taken.</summary>
    public override ValueTask<bool> RenewAsync(AccessToken refused, CancellationToken cancellationToken) => ValueTask.FromResult(_token is { } token && token.Value != refused.Value);
}
