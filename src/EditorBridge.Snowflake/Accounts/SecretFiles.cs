namespace EditorBridge.Snowflake;

/// <summary>Reading a secret from a file that only its owner may read.</summary>
internal static class SecretFiles
{
    private const UnixFileMode OthersMayRead = UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <exception cref="SignInException">The file is missing, empty, unreadable, or readable for others.</exception>
    public static async Task<string> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & OthersMayRead) != 0)
            {
                throw new SignInException($"{path} can be read by other users, so its secret is not used. Run: chmod 600 {path}");
            }
            var secret = (await File.ReadAllTextAsync(path, cancellationToken)).Trim();
            return secret.Length > 0 ? secret : throw new SignInException($"{path} is empty: there is no secret to sign in with.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SignInException($"{path} could not be read: {exception.Message}", exception);
        }
    }
}
