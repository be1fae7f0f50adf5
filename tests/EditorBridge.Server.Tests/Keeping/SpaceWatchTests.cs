using EditorBridge.Audit;
using EditorBridge.Keeping;
using EditorBridge.Ledger;
using EditorBridge.Server.Tests.Ledger;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Server.Tests.Keeping;

public sealed class SpaceWatchTests
{
    [Fact]
    public async Task Running_out_of_space_is_an_incident_once_until_there_is_room_again()
    {
        await using var ledger = new TemporaryLedger();
        var writer = ledger.Open();
        var space = new DiskSpace(900, 1000);
        using var watch = new SpaceWatch(() => space, writer, TimeProvider.System, NullLogger<SpaceWatch>.Instance);

        foreach (var (free, incidents) in new[] { (900, 0), (99, 1), (50, 1), (101, 1), (149, 1), (99, 1), (150, 1), (99, 2) })
        {
            space = space with { Free = free };
            await watch.LookAsync();
            Assert.Equal(incidents, await IncidentsAsync(ledger));
        }
    }

    [Theory]
    [InlineData(800_000, 8_000_000, false)]
    [InlineData(799_999, 8_000_000, true)]
    [InlineData(3L << 30, 1L << 40, false)]
    [InlineData(1L << 30, 1L << 40, true)]
    public void Low_is_a_tenth_of_a_small_volume_and_two_gigabytes_of_a_large_one(long free, long size, bool low) =>
        Assert.Equal(low, new DiskSpace(free, size).IsLow);

    private static async Task<int> IncidentsAsync(TemporaryLedger ledger)
    {
        using var reader = LedgerReader.Open(ledger.Options.Folder);
        return (await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.Incident] }, null, 10)).Count(entry => entry.Draft.Result == "ledger.space");
    }
}
