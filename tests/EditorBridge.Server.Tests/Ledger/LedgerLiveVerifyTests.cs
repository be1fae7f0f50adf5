using EditorBridge.Audit;
using EditorBridge.Ledger;

namespace EditorBridge.Server.Tests.Ledger;

public sealed class LedgerLiveVerifyTests
{
    [Fact]
    public async Task Ledger_is_found_sound_while_its_host_goes_on_recording()
    {
        await using var ledger = new TemporaryLedger(options => options with { CheckpointEntries = 7 });
        var writer = ledger.Open();
        using var enough = new CancellationTokenSource();
        var recording = Task.Run(async () =>
        {
            for (var call = 0; !enough.IsCancellationRequested; call++)
                await writer.AppendAsync(TemporaryLedger.Draft(EntryKind.ActionAdmitted, $"call-{call}", "allow"));
        });

        for (var round = 0; round < 25; round++)
            Assert.Empty((await LedgerVerifier.VerifyAsync(ledger.Options.Folder, new VerifyOptions(), progress: null, CancellationToken.None)).Findings);
        await enough.CancelAsync();
        await recording;
    }
}
