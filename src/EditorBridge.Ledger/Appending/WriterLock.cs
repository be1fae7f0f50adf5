using System.Globalization;

namespace EditorBridge.Ledger.Appending;

/// <summary>Elects the one writer of a ledger: an operating system lock that ends with the process, however it ends.</summary>
internal sealed class WriterLock : IDisposable
{
    private readonly FileStream _held;
    private readonly string _owner;

    private WriterLock(FileStream held, string owner)
    {
        _held = held;
        _owner = owner;
    }

    /// <exception cref="LedgerUnavailableException">Another process writes this ledger; the message names its process id.</exception>
    public static WriterLock Take(LedgerFolder folder, TimeProvider time)
    {
        FileStream held;
        try
        {
            held = LedgerFolder.OpenPrivate(folder.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new LedgerUnavailableException(
                $"Another process already writes the ledger in {folder.Path} ({Describe(folder.Owner)}). Nothing was recorded. Use that host, or stop it first.", e);
        }
        string text = string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId}, started {time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss'Z'}");
        using (FileStream owner = LedgerFolder.OpenPrivate(folder.Owner, FileMode.Create, FileAccess.Write, FileShare.Read))
        using (var writer = new StreamWriter(owner))
        {
            writer.Write(text);
        }
        return new WriterLock(held, folder.Owner);
    }

    public void Dispose()
    {
        try
        {
            File.Delete(_owner);
        }
        catch (IOException)
        {
            // The description is for people; the lock itself goes with the handle below.
        }
        _held.Dispose();
    }

    private static string Describe(string owner)
    {
        try
        {
            return File.ReadAllText(owner);
        }
        catch (IOException)
        {
            return "its process id could not be read";
        }
    }
}
