namespace EditorBridge.Snowflake;

/// <summary>
/// A programmatic access token no connection names: handed over by an editor out of its own secret storage while the host runs, in memory only; or given once
/// to <c>editorbridge login --pat</c> and kept in the secrets store. What an editor hands over goes first.
/// </summary>
public sealed class SuppliedToken(AccountProfile profile, SecretStore store) : Credential
{
    private volatile AccessToken? _token;
    private volatile AccessToken? _kept;

    public override string Description => _token is null && _kept is not null ? "programmatic access token kept by EditorBridge" : "programmatic access token kept by the editor";

    public override TokenKind Kind => TokenKind.ProgrammaticAccess;

    /// <summary>Whether a token was handed over.</summary>
    public bool IsThere => _token is not null;

    /// <summary>Under what a profile's token is kept.</summary>
    public static string StoreName(AccountProfile profile) => $"pat:{profile.Account.BaseAddress.Authority}:{profile.User}:{profile.Name}".ToUpperInvariant();

    /// <param name="secret">Null takes the token away.</param>
    public void Supply(string? secret) => _token = string.IsNullOrWhiteSpace(secret) ? null : Token(secret);

    public override async ValueTask<AccessToken> GetAsync(CancellationToken cancellationToken) =>
        _token ?? (_kept ??= await KeptAsync(cancellationToken)) ?? throw new SignInException(
            $"Connection '{profile.Name}' signs in with a programmatic access token, and none is at hand. In VS Code run \"EditorBridge: Sign In to Snowflake\", give one to editorbridge login --pat, or name token_file_path in the connection. Nothing was sent to the account.");

    /// <summary>Another token may have come since the refused one was taken.</summary>
    public override async ValueTask<bool> RenewAsync(AccessToken refused, CancellationToken cancellationToken)
    {
        if (_token is { } token) return token.Value != refused.Value;
        return (_kept = await KeptAsync(cancellationToken)) is { } kept && kept.Value != refused.Value;
    }

    private async Task<AccessToken?> KeptAsync(CancellationToken cancellationToken) => await store.ReadAsync(StoreName(profile), cancellationToken) is { } secret ? Token(secret) : null;

    private static AccessToken Token(string secret) => new(secret.Trim(), TokenKind.ProgrammaticAccess, expiresAt: null);
}
