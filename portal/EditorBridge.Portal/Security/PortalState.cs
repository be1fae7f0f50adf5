using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Portal.Security;

/// <summary>
/// The portal's view of the state folder: it reads the host's files and owns only its sign-in links and its cookie keys.
/// The folder is 0700 and files are 0600; what others can read is refused, because it may have been read.
/// </summary>
public sealed class PortalState
{
    private const UnixFileMode OwnerOnlyFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private PortalState(string folder) => Folder = folder;

    public string Folder { get; }
    public string LedgerFolder => Path.Combine(Folder, "ledger");
    public string HostFile => Path.Combine(Folder, "host.json");
    public string TokenFile => Path.Combine(Folder, "portal.token");
    public string LinksFolder => Path.Combine(Folder, "portal-links");
    public string KeysFolder => Path.Combine(Folder, "portal-keys");
    /// <summary>Saved views of the people who use this portal; no audit data.</summary>
    public string ViewsFile => Path.Combine(Folder, "portal-views.json");

    /// <exception cref="PortalStateException">Others can read the folder, or it cannot be made.</exception>
    public static PortalState Open(string folder)
    {
        var state = new PortalState(Path.GetFullPath(folder));
        try
        {
            MakeOwnerOnly(state.Folder);
            MakeOwnerOnly(state.LinksFolder);
            MakeOwnerOnly(state.KeysFolder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PortalStateException($"The state folder {state.Folder} cannot be made or read: {e.Message} Nothing was started. Choose another with --state.", e);
        }

        return state;
    }

    /// <summary>Reads a file of the folder; null when it is not there.</summary>
    /// <exception cref="PortalStateException">Others can read the file.</exception>
    public static string? ReadPrivate(string file)
    {
        if (!File.Exists(file)) return null;
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & Others) != 0)
            throw new PortalStateException($"{file} can be read by others on this machine, so it is not trusted. Delete it and restart what made it.");
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

    private static void MakeOwnerOnly(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }

        if (!Directory.Exists(folder)) Directory.CreateDirectory(folder, OwnerOnlyFolder);
        if ((File.GetUnixFileMode(folder) & Others) != 0)
            throw new PortalStateException($"{folder} is open to others. Nothing was started. Close it with: chmod 700 '{folder}'");
    }
}

/// <summary>The state folder cannot be used. The message says why and what mends it.</summary>
public sealed class PortalStateException(string message, Exception? innerException = null) : Exception(message, innerException);
