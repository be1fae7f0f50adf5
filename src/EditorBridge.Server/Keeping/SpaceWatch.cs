using System.Text.Json.Nodes;
using EditorBridge.Gate;
using EditorBridge.Ledger;

namespace EditorBridge.Keeping;

/// <summary>The volume of the ledger, in bytes.</summary>
internal readonly record struct DiskSpace(long Free, long Size)
{
    // A tenth of a small volume; of a large one as much as is a day's work for a busy team.
    private const long Enough = 2L << 30;

    private long Least => Math.Min(Size / 10, Enough);

    public bool IsLow => Free < Least;

    /// <summary>Half as much again: a volume that hovers at the mark does not make an incident each minute.</summary>
    public bool IsWellAgain => Free >= Least + (Least / 2);

    public static DiskSpace Of(string folder)
    {
        var drive = new DriveInfo(folder);
        return new(drive.AvailableFreeSpace, drive.TotalSize);
    }
}

/// <summary>
/// Says that space runs out while there is still space to say it. On a full disk nothing can be recorded, and so nothing is released:
/// every agent of this host would stand still. Looks once a minute; one incident until there is room again.
/// </summary>
internal sealed partial class SpaceWatch(Func<DiskSpace> look, LedgerWriter ledger, TimeProvider time, ILogger<SpaceWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private bool _said;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Minute, time);
        try
        {
            do
            {
                await LookAsync();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The host ends.
        }
    }

    internal async Task LookAsync()
    {
        try
        {
            var space = look();
            if (_said && space.IsWellAgain) _said = false;
            if (_said || !space.IsLow) return;
            var message = $"The volume of the ledger has {space.Free / 1048576:N0} MB of {space.Size / 1048576:N0} MB left. When it is full nothing can be recorded, and nothing is released. "
                + "Make room there, or drop old payload texts with: editorbridge ledger prune";
            await ledger.AppendAsync(GateEntries.Incident($"space-{Guid.CreateVersion7()}", sessionId: null, "host", "ledger.space", message, new JsonObject { ["freeBytes"] = space.Free, ["sizeBytes"] = space.Size }));
            _said = true;
            LogLow(space.Free / 1048576, space.Size / 1048576);
        }
        catch (LedgerUnavailableException e)
        {
            LogNotRecorded(e.Message);
        }
        catch (IOException e)
        {
            LogNotRecorded(e.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The volume of the ledger has {Free} MB of {Size} MB left; when it is full nothing is released")]
    private partial void LogLow(long free, long size);

    [LoggerMessage(LogLevel.Warning, "The space left for the ledger could not be looked at or recorded; it is tried again in a minute. {Reason}")]
    private partial void LogNotRecorded(string reason);
}
