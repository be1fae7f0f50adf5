namespace EditorBridge.Snowflake;

/// <summary>
/// A programmatic access token, given by value (environment, secrets store) or kept in a file that is read anew when the account
/// refuses it, so that a rotation needs no restart.
/// </summary>
public sealed class ProgrammaticAccessToken : Credential
{
    private readonly string? _path;
    private volatile AccessToken? _token;

    private ProgrammaticAccessToken(string? path, AccessToken? token)
    {
        _path = path;
        _token = token;
    }

    public override string Description => _path is null ? "programmatic access token" : "programmatic access token from a file";

    public override TokenKind Kind => TokenKind.ProgrammaticAccess;

    public static ProgrammaticAccessToken FromValue(string secret) => new(null, Token(secret));

    /// <exception cref="SignInException">Reading the file failed; said again at each use until it is mended.</exception>
    public static ProgrammaticAccessToken FromFile(string path) => new(path, null);

    public override async ValueTask<AccessToken> GetAsync(CancellationToken cancellationToken) =>
        _token ??= Token(await SecretFiles.ReadAsync(_path!, cancellationToken));

    public override async ValueTask<bool> RenewAsync(AccessToken refused, CancellationToken cancellationToken)
    {
        if (_path is null)
        {
            return false;
        }
        var found = Token(await SecretFiles.ReadAsync(_path, cancellationToken));
        if (found.Value == refused.Value)
        {
            return false;
        }
        _token = found;
        return true;
    }

    private static AccessToken Token(string secret) => new(secret.Trim(), TokenKind.ProgrammaticAccess, expiresAt: null);
}
