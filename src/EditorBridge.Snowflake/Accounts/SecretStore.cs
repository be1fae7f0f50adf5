using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Snowflake;

/// <summary>
/// Keeps the secrets of sign-ins: one file per secret, readable by its owner only, in a folder of which the same holds. There is no
/// encryption on top: a key beside the file would protect nothing. <see cref="Description"/> says so wherever a person is told.
/// </summary>
/// <param name="folder">Made when it is not there.</param>
public sealed class SecretStore(string folder)
{
    private const UnixFileMode OwnerFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string Description => OperatingSystem.IsWindows()
        ? $"files under {folder}, protected by your Windows account's permissions"
        : $"files under {folder} that only you can read (mode 0600, not encrypted)";

    /// <summary>The secret, or null when there is none.</summary>
    /// <exception cref="SignInException">The file cannot be read, or others can read it.</exception>
    public async Task<string?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        return File.Exists(path) ? await SecretFiles.ReadAsync(path, cancellationToken) : null;
    }

    /// <summary>Writes whole or not at all, and leaves no moment in which others could read.</summary>
    /// <exception cref="SignInException">The file cannot be written.</exception>
    public async Task WriteAsync(string name, string secret, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        var draft = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}.tmp";
        try
        {
            MakeFolder();
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = OwnerFile;
            }
            await using (var stream = new FileStream(draft, options))
            {
                await stream.WriteAsync(Encoding.UTF8.GetBytes(secret), cancellationToken);
            }
            File.Move(draft, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SignInException($"The sign-in could not be kept in {folder}: {exception.Message}", exception);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    /// <summary>Forgets a secret; true when there was one.</summary>
    public bool Delete(string name)
    {
        var path = PathOf(name);
        if (!File.Exists(path))
        {
            return false;
        }
        File.Delete(path);
        return true;
    }

    private void MakeFolder()
    {
        if (Directory.Exists(folder))
        {
            return;
        }
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerFolder);
        }
    }

    /// <summary>A file name that tells nothing and can hold any account's name.</summary>
    private string PathOf(string name) => Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..32]);
}
