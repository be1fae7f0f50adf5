using EditorBridge.Audit;
using EditorBridge.Editor;
using EditorBridge.Ledger;

namespace EditorBridge.Server.Tests.Editor;

public sealed class LedgerWitnessTests
{
    [Fact]
    public async Task Window_is_told_of_each_checkpoint_and_its_receipt_is_in_the_ledger()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        var first = await window.AskAsync<WitnessResult>(EditorMethods.Witness, new WitnessParams(null));
        Assert.Equal(("nothingKept", fixture.Gate.State.Path), (first.Answer, first.StateFolder));

        await fixture.Gate.Ledger.AppendAsync(new AuditDraft { Kind = EntryKind.MessageIntent, CallId = "a", Actor = "agent" });
        await fixture.Gate.Ledger.SignCheckpointAsync();
        var signed = await window.CheckpointAsync();
        Assert.Equal("agrees", (await window.AskAsync<WitnessResult>(EditorMethods.Witness, new WitnessParams(signed.Note))).Answer);

        using var reader = LedgerReader.Open(fixture.Gate.State.LedgerFolder);
        Assert.StartsWith("vscode of ", Assert.Single(await reader.ReceiptsAsync(10)).Witness, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Checkpoint_of_another_ledger_is_told_and_is_one_incident()
    {
        await using var before = await EditorFixture.StartAsync();
        await using var fixture = await EditorFixture.StartAsync();
        var kept = (await (await before.WindowAsync("")).AskAsync<WitnessResult>(EditorMethods.Witness, new WitnessParams(null))).Checkpoint;
        var (one, two) = (await fixture.WindowAsync(""), await fixture.WindowAsync(""));

        foreach (var window in new[] { one, two })
        {
            var result = await window.AskAsync<WitnessResult>(EditorMethods.Witness, new WitnessParams(kept));
            Assert.Equal("anotherLedger", result.Answer);
            Assert.Contains(fixture.Gate.State.LedgerFolder, result.Message, StringComparison.Ordinal);
        }

        Assert.Equal("ledger_contradicts_witness", Assert.Single(await IncidentsAsync(fixture)).Draft.Result);
    }

    [Fact]
    public async Task Text_that_is_no_checkpoint_is_no_incident()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var result = await (await fixture.WindowAsync("")).AskAsync<WitnessResult>(EditorMethods.Witness, new WitnessParams("nonsense"));
        Assert.Equal("notACheckpoint", result.Answer);
        Assert.Empty(await IncidentsAsync(fixture));
    }

    private static async Task<IReadOnlyList<AuditEntry>> IncidentsAsync(EditorFixture fixture)
    {
        using var reader = LedgerReader.Open(fixture.Gate.State.LedgerFolder);
        return await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.Incident] }, null, 10);
    }
}
