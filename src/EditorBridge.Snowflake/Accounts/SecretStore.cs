using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Snowflake;

/// <summary>
/// Keeps the secrets of sign-ins: one file per secret, readable by its owner only, in a folder of which the same holds, encrypted with a key in the
/// operating system's store where there is one. Without that there is no encryption: a key beside the file would protect nothing.
/// <see cref="Description"/> says which it is wherever a person is told.
/// </summary>
/// <param name="folder">Made when it is not there.</param>
/// <param name="keyring">The operating system's store; null for files alone.</param>
/// <param name="required">True when a secret may not be kept in a file alone.</param>
public sealed class SecretStore(string folder, SystemKeyring? keyring = null, bool required = false)
{
    private const UnixFileMode OwnerFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string SealedMark = "editorbridge-sealed-1.";
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private byte[]? _key;
    private string? _whyFiles;

    public string Description => keyring is not null && _whyFiles is null
        ? $"files under {folder}, encrypted with a key in {keyring.Description}"
        : (OperatingSystem.IsWindows()
            ? $"files under {folder}, protected by your Windows account's permissions"
            : $"files under {folder} that only you can read (mode 0600, not encrypted)")
          + (_whyFiles is { } why ? $", because {why}" : "");

    /// <summary>The secret, or null when there is none.</summary>
    /// <exception cref="SignInException">The file cannot be read, others can read it, or its key cannot be had.</exception>
    public async Task<string?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        if (!File.Exists(path)) return null;
        var text = await SecretFiles.ReadAsync(path, cancellationToken);
        return text.StartsWith(SealedMark, StringComparison.Ordinal) ? await OpenAsync(name, text, cancellationToken) : text;
    }

    /// <summary>Writes whole or not at all, and leaves no moment in which others could read.</summary>
    /// <exception cref="SignInException">The file cannot be written, or the operating system's store is required and not there.</exception>
    public async Task WriteAsync(string name, string secret, CancellationToken cancellationToken)
    {
        var text = await KeyToWriteAsync(cancellationToken) is { } key ? Seal(key, name, secret) : secret;
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
                await stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
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

    /// <summary>Forgets everything, the folder too: for a sign-in of a moment.</summary>
    public void DeleteFolder()
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private async Task<byte[]?> KeyToWriteAsync(CancellationToken cancellationToken)
    {
        if (keyring is null)
        {
            return required ? throw NoStore("this machine or session has none") : null;
        }
        try
        {
            return _key ??= await ReadKeyAsync(keyring, cancellationToken) ?? await MakeKeyAsync(keyring, cancellationToken);
        }
        catch (KeyringUnavailableException exception)
        {
            _whyFiles = exception.Message;
            return required ? throw NoStore(exception.Message) : null;
        }
    }

    private async Task<byte[]?> ReadKeyAsync(SystemKeyring ring, CancellationToken cancellationToken)
    {
        if (await ring.ReadAsync(KeyName, cancellationToken) is not { } text) return null;
        var key = new byte[32];
        return Convert.TryFromBase64String(text, key, out var written) && written == key.Length ? key
            : throw new KeyringUnavailableException($"what {ring.Description} holds for EditorBridge is no key");
    }

    // Read back, so that a store that forgets, or another process that made its key first, is noticed before anything is encrypted.
    private async Task<byte[]> MakeKeyAsync(SystemKeyring ring, CancellationToken cancellationToken)
    {
        await ring.WriteAsync(KeyName, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)), cancellationToken);
        return await ReadKeyAsync(ring, cancellationToken) ?? throw new KeyringUnavailableException($"{ring.Description} did not keep the key");
    }

    private async Task<string> OpenAsync(string name, string text, CancellationToken cancellationToken)
    {
        const string Again = "Run: editorbridge login";
        byte[]? key;
        try
        {
            key = keyring is null ? throw new KeyringUnavailableException("this session does not reach it") : _key ??= await ReadKeyAsync(keyring, cancellationToken);
        }
        catch (KeyringUnavailableException exception)
        {
            throw new SignInException($"The sign-in in {folder} is encrypted with a key in the operating system's store of secrets, and {exception.Message}. "
                + $"Unlock it or work in your desktop session; or sign in anew with {SystemKeyring.Variable}=file. {Again}", exception);
        }
        try
        {
            var sealedBytes = Convert.FromBase64String(text[SealedMark.Length..]);
            if (key is null || sealedBytes.Length < NonceBytes + TagBytes) throw new CryptographicException("the key is gone");
            using var cipher = new AesGcm(key, TagBytes);
            var open = new byte[sealedBytes.Length - NonceBytes - TagBytes];
            cipher.Decrypt(sealedBytes.AsSpan(0, NonceBytes), sealedBytes.AsSpan(NonceBytes + TagBytes), sealedBytes.AsSpan(NonceBytes, TagBytes), open, Encoding.UTF8.GetBytes(name));
            return Encoding.UTF8.GetString(open);
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException)
        {
            throw new SignInException($"The sign-in in {folder} cannot be decrypted with the key in the operating system's store of secrets: it was changed, or belongs to another key. {Again}", exception);
        }
    }

    /// <summary>Bound to its name, so that one file cannot stand in for another.</summary>
    private static string Seal(byte[] key, string name, string secret)
    {
        var plain = Encoding.UTF8.GetBytes(secret);
        var sealedBytes = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, NonceBytes));
        using var cipher = new AesGcm(key, TagBytes);
        cipher.Encrypt(sealedBytes.AsSpan(0, NonceBytes), plain, sealedBytes.AsSpan(NonceBytes + TagBytes), sealedBytes.AsSpan(NonceBytes, TagBytes), Encoding.UTF8.GetBytes(name));
        return SealedMark + Convert.ToBase64String(sealedBytes);
    }

    private static SignInException NoStore(string why) =>
        new($"The sign-in was not kept: {SystemKeyring.Variable} asks for the operating system's store of secrets, and {why}. Set {SystemKeyring.Variable}=auto to keep it in a file that only you can read.");

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

    private string KeyName => Hash(Path.GetFullPath(folder));

    /// <summary>A file name that tells nothing and can hold any account's name.</summary>
    private string PathOf(string name) => Path.Combine(folder, Hash(name));

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];
}
