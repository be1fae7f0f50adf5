using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace EditorBridge;

/// <summary>
/// The one folder EditorBridge keeps its things in: tokens, the ledger, the control socket, the host's address.
/// The folder is 0700 and every file in it 0600; a folder that others can read is refused rather than repaired, because what was in it may have been read.
/// </summary>
internal sealed class StateFolder
{
    private const UnixFileMode OwnerOnlyFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private StateFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>Whether a program that is told of no folder, not even by a variable of this shell, would use this one.</summary>
    public bool IsUsual => Path == System.IO.Path.GetFullPath(PlatformsPath());

    /// <summary>The folder a program that is given none would use. Nothing is made or looked at.</summary>
    public static string Usual => System.IO.Path.GetFullPath(DefaultPath());

    /// <summary>Holds <see cref="HostAddress"/> while a host runs.</summary>
    public string HostFile => In("host.json");

    /// <summary>The Unix socket for editors and the command line.</summary>
    public string ControlSocket => In("control.sock");

    /// <summary>Where the ledger, its keys and its checkpoints are.</summary>
    public string LedgerFolder => In("ledger");

    /// <summary>One-time sign-in links of the portal, hashed.</summary>
    public string PortalLinks => In("portal-links");

    /// <summary>The portal's own token for its calls to the host, made when there is none.</summary>
    public string PortalToken() => ReadOrMakeToken(In("portal.token"));

    /// <summary>The token of a client of the host (<c>claude</c>, <c>hook</c>, <c>mcp</c>), made when there is none.</summary>
    public string ClientToken(string client) => ReadOrMakeToken(System.IO.Path.Combine(In("clients"), client + ".token"));

    public string In(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Opens the folder, making it when it is not there.</summary>
    /// <param name="path">Null for the default: <c>EDITORBRIDGE_HOME</c>, else the platform's place for state.</param>
    /// <exception cref="StateFolderException">Others can read it, or it cannot be made.</exception>
    public static StateFolder Open(string? path)
    {
        var folder = System.IO.Path.GetFullPath(path ?? DefaultPath());
        try
        {
            MakeOwnerOnly(folder);
            MakeOwnerOnly(System.IO.Path.Combine(folder, "clients"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StateFolderException($"The state folder {folder} cannot be made or read: {e.Message} Nothing was started. Choose another with --state or EDITORBRIDGE_HOME.", e);
        }

        return new StateFolder(folder);
    }

    /// <summary>Reads a file of the folder; null when it is not there. A file others can read is refused: delete it to get a new one.</summary>
    public static string? ReadPrivate(string file)
    {
        if (!File.Exists(file)) return null;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & Others) != 0)
            throw new StateFolderException($"{file} can be read by others on this machine (mode {Convert.ToString((int)File.GetUnixFileMode(file), 8)}), so it is not trusted. If only you wrote it: chmod 600 {file}. A token of EditorBridge's own that others may have read: delete it, a new one is made at the next start.");
        return File.ReadAllText(file);
    }

    /// <summary>Writes a file 0600 and whole: a reader sees the old text or the new, never a part.</summary>
    public static void WritePrivate(string file, string text)
    {
        var draft = $"{file}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = OwnerOnlyFile;
        using (var stream = new FileStream(draft, options)) stream.Write(Encoding.UTF8.GetBytes(text));
        File.Move(draft, file, overwrite: true);
    }

    public HostAddress? ReadHost()
    {
        try
        {
            return ReadPrivate(HostFile) is { } text ? JsonSerializer.Deserialize<HostAddress>(text, JsonSerializerOptions.Web) : null;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    public void WriteHost(HostAddress host) => WritePrivate(HostFile, JsonSerializer.Serialize(host, JsonSerializerOptions.Web) + "\n");

    // 256 random bits as hex: no character of it needs quoting in a header, a shell or a URL.
    private static string ReadOrMakeToken(string file)
    {
        try
        {
            if (ReadPrivate(file) is { Length: > 0 } existing) return existing.Trim();
            var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
            WritePrivate(file, token + "\n");
            return token;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StateFolderException($"The token file {file} cannot be read or written: {e.Message}", e);
        }
    }

    private static string DefaultPath()
    {
        if (Environment.GetEnvironmentVariable("EDITORBRIDGE_HOME") is { Length: > 0 } home) return home;
        return PlatformsPath();
    }

    private static string PlatformsPath()
    {
        if (OperatingSystem.IsWindows() || OperatingSystem.IsMacOS())
            return System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "EditorBridge");
        if (Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state) return System.IO.Path.Combine(state, "editorbridge");
        return System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state", "editorbridge");
    }

    private static void MakeOwnerOnly(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }

        MakeOwnerOnlyUnix(folder);
    }

    [UnsupportedOSPlatform("windows")]
    private static void MakeOwnerOnlyUnix(string folder)
    {
        if (!Directory.Exists(folder)) Directory.CreateDirectory(folder, OwnerOnlyFolder);
        var mode = File.GetUnixFileMode(folder);
        if ((mode & Others) != 0)
            throw new StateFolderException($"The state folder {folder} is open to others (mode {mode}). Nothing was started. Close it with: chmod 700 '{folder}'");
    }
}

/// <summary>Where the running host is. Written by the host, read by everything that looks for it.</summary>
/// <param name="Pid">The host's process id.</param>
/// <param name="Url">Base URL of the proxy, without a trailing slash.</param>
/// <param name="Socket">The control socket's path.</param>
/// <param name="ServeArguments">What <c>editorbridge serve</c> was told, so that an editor whose host was killed can start one like it. Holds paths and addresses, no secret.</param>
internal sealed record HostAddress(int Pid, string Url, string Socket, string Version, string? PortalUrl, string Account, bool Sandbox, string[]? ServeArguments);

/// <summary>The state folder cannot be used. The message says why and what mends it.</summary>
internal sealed class StateFolderException(string message, Exception? innerException = null) : Exception(message, innerException);
