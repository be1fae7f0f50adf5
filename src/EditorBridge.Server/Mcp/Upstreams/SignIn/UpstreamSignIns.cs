using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EditorBridge.Proxy;
using EditorBridge.Snowflake;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>
/// Keeps people's sign-ins to MCP servers: a file for each (0600), encrypted with AES-256-GCM and bound to the server's name, so that a copied or
/// moved file is worth nothing. The key is kept where the account's sign-in is.
/// </summary>
internal sealed class UpstreamSignIns(StateFolder state, TimeProvider time)
{
    private const string KeyName = "mcp-sign-ins";

    // No server can be called so (UpstreamName): the lock of the key is taken while a server's own is held.
    private const string KeyLock = ".key";
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Longer than a renewal may take (<see cref="UpstreamCredential"/>).</summary>
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(45);

    private readonly SecretStore _keys = AccountChoice.Secrets(state);
    private byte[]? _key;

    /// <summary>When a sign-in was last written; null when there is none.</summary>
    public DateTime? WrittenAt(string server) => File.Exists(FileOf(server)) ? File.GetLastWriteTimeUtc(FileOf(server)) : null;

    /// <summary>The sign-in to a server, if it was one to this address.</summary>
    /// <exception cref="UpstreamException">It is there and cannot be read.</exception>
    public async Task<UpstreamSignIn?> ReadAsync(UpstreamSettings server, CancellationToken cancellationToken)
    {
        try
        {
            if (StateFolder.ReadPrivate(FileOf(server.Name)) is not { } kept) return null;
            var signIn = JsonSerializer.Deserialize<UpstreamSignIn>(Open(Convert.FromBase64String(kept.Trim()), await KeyAsync(cancellationToken), server.Name), JsonSerializerOptions.Web);
            return signIn?.Server == server.Url!.ToString() ? signIn : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StateFolderException or CryptographicException or FormatException or JsonException or SignInException)
        {
            throw new UpstreamException($"The sign-in to '{server.Name}' cannot be read: {e.Message}", $"editorbridge mcp login {server.Name}", e) { NeedsSignIn = true };
        }
    }

    /// <exception cref="UpstreamException">It cannot be written; what was kept before is kept.</exception>
    public async Task WriteAsync(string server, UpstreamSignIn signIn, CancellationToken cancellationToken)
    {
        try
        {
            StateFolder.WritePrivate(FileOf(server), Convert.ToBase64String(Seal(JsonSerializer.SerializeToUtf8Bytes(signIn, JsonSerializerOptions.Web), await KeyAsync(cancellationToken), server)) + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SignInException)
        {
            throw new UpstreamException($"The sign-in to '{server}' cannot be kept: {e.Message}", null, e);
        }
    }

    /// <summary>Remembers what a call lacked, for the next sign-in.</summary>
    public async Task WantAsync(UpstreamSettings server, IEnumerable<string> scopes, CancellationToken cancellationToken)
    {
        await using var held = await HoldAsync(server.Name, cancellationToken);
        if (await ReadAsync(server, cancellationToken) is { } signIn)
            await WriteAsync(server.Name, signIn with { WantedScopes = [.. signIn.WantedScopes.Union(scopes, StringComparer.Ordinal)] }, cancellationToken);
    }

    /// <summary>Forgets a sign-in. False when there was none.</summary>
    public bool Forget(string server)
    {
        if (!File.Exists(FileOf(server))) return false;
        File.Delete(FileOf(server));
        return true;
    }

    /// <summary>Held while a sign-in is renewed or changed: a refresh token is often good once, and the host and a terminal may both be at it.</summary>
    /// <exception cref="UpstreamException">The file of the lock cannot be opened, or nobody let it go in time; nothing was changed.</exception>
    public async Task<IAsyncDisposable> HoldAsync(string server, CancellationToken cancellationToken)
    {
        var file = Path.Combine(Folder(), server + ".lock");
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            // A lock that is held and a disk that is full are both an IOException, on each system under another number.
            catch (IOException e) when (time.GetElapsedTime(began) >= LockPatience)
            {
                throw Unheld(file, e);
            }
            catch (IOException)
            {
                await Task.Delay(LockPause, time, cancellationToken);
            }
            catch (UnauthorizedAccessException e)
            {
                throw Unheld(file, e);
            }
        }
    }

    private static UpstreamException Unheld(string file, Exception cause) =>
        new($"{file} could not be opened for itself: {cause.Message} Another EditorBridge may hold it, or the folder cannot be written. Nothing was changed.", null, cause);

    private string FileOf(string server) => Path.Combine(Folder(), server + ".signin");

    private string Folder()
    {
        var folder = state.In("mcp-sign-ins");
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }

    private async Task<byte[]> KeyAsync(CancellationToken cancellationToken)
    {
        if (_key is { } known) return known;
        await using var held = await HoldAsync(KeyLock, cancellationToken);
        if (await _keys.ReadAsync(KeyName, cancellationToken) is not { } key)
        {
            key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
            await _keys.WriteAsync(KeyName, key, cancellationToken);
        }

        return _key = Convert.FromBase64String(key);
    }

    // nonce ‖ tag ‖ ciphertext
    private static byte[] Seal(byte[] plain, byte[] key, string server)
    {
        using var aes = new AesGcm(key, AesGcm.TagByteSizes.MaxSize);
        var (nonce, tag) = (AesGcm.NonceByteSizes.MaxSize, AesGcm.TagByteSizes.MaxSize);
        var bytes = new byte[nonce + tag + plain.Length];
        RandomNumberGenerator.Fill(bytes.AsSpan(0, nonce));
        aes.Encrypt(bytes.AsSpan(0, nonce), plain, bytes.AsSpan(nonce + tag), bytes.AsSpan(nonce, tag), Encoding.UTF8.GetBytes(server));
        return bytes;
    }

    private static byte[] Open(byte[] bytes, byte[] key, string server)
    {
        var (nonce, tag) = (AesGcm.NonceByteSizes.MaxSize, AesGcm.TagByteSizes.MaxSize);
        if (bytes.Length < nonce + tag) throw new CryptographicException("The file is too short.");
        using var aes = new AesGcm(key, AesGcm.TagByteSizes.MaxSize);
        var plain = new byte[bytes.Length - nonce - tag];
        aes.Decrypt(bytes.AsSpan(0, nonce), bytes.AsSpan(nonce + tag), bytes.AsSpan(nonce, tag), plain, Encoding.UTF8.GetBytes(server));
        return plain;
    }
}
