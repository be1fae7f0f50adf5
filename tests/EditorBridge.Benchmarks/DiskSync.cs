using System.Diagnostics;

namespace EditorBridge.Benchmarks;

/// <summary>
/// The least a durable record can cost on this disk: 64 KB, about what one entry and its indexes are in SQLite's log, written over what a file
/// holds already, and waited for until the disk has it.
/// </summary>
internal sealed class DiskSync : IDisposable
{
    private const int Length = 64 * 1024;
    private const int Places = 64;
    private readonly FileStream _file = new(Path.Combine(Path.GetTempPath(), "editorbridge-sync-" + Guid.NewGuid().ToString("N")), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
    private readonly byte[] _bytes = new byte[Length];
    private int _place;

    public DiskSync()
    {
        for (var i = 0; i < Places; i++) RandomAccess.Write(_file.SafeFileHandle, _bytes, i * (long)Length);
        RandomAccess.FlushToDisk(_file.SafeFileHandle);
    }

    /// <summary>Milliseconds for one write and its sync.</summary>
    public Task<double> WriteAsync()
    {
        var started = Stopwatch.GetTimestamp();
        RandomAccess.Write(_file.SafeFileHandle, _bytes, _place * (long)Length);
        RandomAccess.FlushToDisk(_file.SafeFileHandle);
        _place = (_place + 1) % Places;
        return Task.FromResult(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    public void Dispose() => _file.Dispose();
}
