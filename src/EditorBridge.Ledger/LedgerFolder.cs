using System.Runtime.Versioning;

namespace EditorBridge.Ledger;

/// <summary>The files of a ledger, and the rules about who may read them.</summary>
public sealed class LedgerFolder
{
    private const UnixFileMode OthersBits =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public LedgerFolder(string path) => Path = System.IO.Path.GetFullPath(path);

    public string Path { get; }
    public string Database => In("ledger.db");
    /// <summary>Sequence and hash of the last acknowledged entry, written after each commit: shows when the database was cut or put back.</summary>
    public string Head => In("ledger.head");
    /// <summary>Held by the one writer.</summary>
    public string Lock => In("ledger.lock");
    /// <summary>Who holds the lock: process id, start time, program version.</summary>
    public string Owner => In("ledger.owner");
    /// <summary>The signing key, PKCS#8 PEM.</summary>
    public string PrivateKey => In("ledger.key");
    /// <summary>The key that verifies checkpoints, SPKI PEM.</summary>
    public string PublicKey => In("ledger.pub");
    /// <summary>Every checkpoint as text, a witness beside the database.</summary>
    public string Checkpoints => In("checkpoints.txt");
    /// <summary>The full-text index. Derived: may be deleted while no host runs.</summary>
    public string Search => In("search.db");
    public string Backups => In("backups");
    /// <summary>Ledgers that ended because they were damaged, kept for reading.</summary>
    public string Segments => In("segments");

    /// <summary>Makes the folder or checks that only its owner can enter it.</summary>
    /// <exception cref="LedgerUnavailableException">Others could read or change the ledger, or the folder cannot be written.</exception>
    public void Prepare()
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(Path);
                return;
            }
            PrepareUnix();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LedgerUnavailableException($"The ledger folder {Path} cannot be used: {e.Message} Nothing was recorded. Choose a folder this user can write.", e);
        }
    }

    /// <summary>Creates a file only its owner can read; leaves an existing one as it is.</summary>
    internal static FileStream OpenPrivate(string path, FileMode mode, FileAccess access, FileShare share)
    {
        var options = new FileStreamOptions { Mode = mode, Access = access, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows() && mode is not FileMode.Open)
        {
            options.UnixCreateMode = OwnerOnlyFile;
        }
        return new FileStream(path, options);
    }

    internal static void MakePrivateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [UnsupportedOSPlatform("windows")]
    private void PrepareUnix()
    {
        if (!Directory.Exists(Path))
        {
            MakePrivateFolder(Path);
        }
        UnixFileMode folder = File.GetUnixFileMode(Path);
        if ((folder & OthersBits) != 0)
        {
            throw new LedgerUnavailableException($"Other users can enter the ledger folder {Path}. Nothing was recorded. Run: chmod 700 '{Path}'");
        }
        foreach (string file in new[] { Database, Head, PrivateKey, PublicKey, Checkpoints, Search, Lock })
        {
            CheckFile(file);
        }
        // Readable folders on a read-only file system fail only at the first write; find out now.
        string probe = In(".writable");
        using (OpenPrivate(probe, FileMode.Create, FileAccess.Write, FileShare.Read))
        {
        }
        File.Delete(probe);
    }

    [UnsupportedOSPlatform("windows")]
    private static void CheckFile(string file)
    {
        var info = new FileInfo(file);
        if (info.LinkTarget is { } target)
        {
            throw new LedgerUnavailableException($"{file} is a symbolic link to {target}. Nothing was recorded. Put the file itself there: a link can be turned to another file unseen.");
        }
        if (info.Exists && (info.UnixFileMode & OthersBits) != 0)
        {
            throw new LedgerUnavailableException($"Other users can read {file}. Nothing was recorded. Run: chmod 600 '{file}'");
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);
}
