using System.Text.Json;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Policies;
using EditorBridge.Policy;
using EditorBridge.Server.Tests.Ledger;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Policies;

public sealed class PolicySimulationTests
{
    [Fact]
    public async Task Changed_policy_lists_what_it_would_decide_otherwise()
    {
        await using var ledger = new TemporaryLedger();
        var writer = ledger.Open();
        await RecordAsync(writer, "Bash", new { command = "git push" }, Effect.Review);
        await RecordAsync(writer, "Bash", new { command = "git status" }, Effect.Allow);
        await RecordAsync(writer, "Write", new { file_path = "/srv/p/a.txt", content = "x" }, Effect.Allow);
        await writer.AppendAsync(TemporaryLedger.Draft(EntryKind.ActionRefused, "without-input", "deny"));
        var file = PolicyFile.Parse("""
            version: 1
            rules:
              - id: pushing
                match: { commands: "git push *" }
                effect: allow
                relaxes: default.shell.publish
              - id: texts
                description: Texts are looked at
                match: { paths: "**/*.txt", access: write }
                effect: deny
            """, "policy.yaml", PolicyLayer.User);

        using var reader = LedgerReader.Open(ledger.Options.Folder);
        var result = await new PolicySimulation(reader, PolicySet.Of(file.Rules, [])).RunAsync(null, null, 100, TestContext.Current.CancellationToken);

        Assert.Equal((3, 1), (result.Replayed, result.NotReplayed));
        Assert.Equal([("Write", Effect.Allow, Effect.Deny), ("Bash", Effect.Review, Effect.Allow)], result.Changes.Select(change => (change.Tool!, change.Was, change.WouldBe)));
        Assert.Equal(["texts"], result.Changes[0].Rules);
    }

    [Fact]
    public async Task Same_policy_lists_nothing()
    {
        await using var ledger = new TemporaryLedger();
        var writer = ledger.Open();
        for (var index = 0; index < 5; index++) await RecordAsync(writer, "Bash", new { command = $"git push origin {index}" }, Effect.Review);
        using var reader = LedgerReader.Open(ledger.Options.Folder);
        var result = await new PolicySimulation(reader, PolicySet.Default).RunAsync(null, null, 3, TestContext.Current.CancellationToken);
        Assert.Equal(3, result.Replayed);
        Assert.Empty(result.Changes);
    }

    [Fact]
    public async Task Refused_look_at_our_own_files_stays_refused()
    {
        await using var ledger = new TemporaryLedger();
        var folder = Directory.CreateTempSubdirectory("editorbridge-own-");
        try
        {
            var state = StateFolder.Open(folder.FullName);
            await RecordAsync(ledger.Open(), "Read", new { file_path = state.In("portal.token") }, Effect.Deny);
            using var reader = LedgerReader.Open(ledger.Options.Folder);
            var result = await new PolicySimulation(reader, PolicySet.Default, state).RunAsync(null, null, 10, TestContext.Current.CancellationToken);
            Assert.Equal(1, result.Replayed);
            Assert.Empty(result.Changes);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task RecordAsync(LedgerWriter writer, string tool, object input, Effect effect)
    {
        var request = new ActionRequest { Door = Door.Hook, Tool = tool, Input = JsonSerializer.Serialize(input), Actor = "agent:test", Workspace = "/srv/p" };
        var decision = new Decision { Effect = effect, Rules = [], Obligations = Obligations.None, Summary = "As it was.", PolicyVersion = "old" };
        var admission = new Admission(AdmissionKind.Released, Guid.NewGuid().ToString("N"), request.Input, "As it was.", Person: null);
        await writer.AppendAsync(GateEntries.Answered(request, admission, decision, review: null, Severity.None, tool, statementClass: null));
    }
}
