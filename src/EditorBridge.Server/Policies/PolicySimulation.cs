using System.Collections.Immutable;
using System.Text.Json;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Policy;
using EditorBridge.Sql;

namespace EditorBridge.Policies;

/// <summary>One recorded action that another policy would decide differently.</summary>
/// <param name="Result">What became of it then: allow, approved, rejected, …</param>
/// <param name="Rules">The rules that would decide now.</param>
internal sealed record SimulatedChange(long Sequence, string CallId, DateTimeOffset At, string? Tool, string? Subject, Effect Was, Effect WouldBe, string? Result, string Summary, ImmutableArray<string> Rules);

/// <summary>The outcome of a replay.</summary>
/// <param name="Replayed">Actions that were judged again.</param>
/// <param name="NotReplayed">Actions whose input was not kept, or that the gate refused before policy was asked.</param>
internal sealed record SimulationResult(int Replayed, int NotReplayed, ImmutableArray<SimulatedChange> Changes);

/// <summary>
/// Judges recorded actions again under another policy. Reads the ledger only. Files are taken as they were recorded at the time, never from disk;
/// secrets were taken out of the record, which can make a command look different from the one that ran.
/// </summary>
/// <param name="state">The folder whose files rules protect.</param>
internal sealed class PolicySimulation(LedgerReader ledger, PolicySet policy, StateFolder? state = null)
{
    private const int PageSize = 200;

    public async Task<SimulationResult> RunAsync(DateTimeOffset? from, DateTimeOffset? to, int limit, CancellationToken cancellationToken)
    {
        var filter = new EntryFilter { Kinds = [EntryKind.ActionAdmitted, EntryKind.ActionRefused], From = from, To = to };
        var changes = ImmutableArray.CreateBuilder<SimulatedChange>();
        int replayed = 0, skipped = 0;
        long? before = null;
        while (replayed + skipped < limit)
        {
            var page = await ledger.EntriesAsync(filter, before, Math.Min(PageSize, limit - replayed - skipped), cancellationToken);
            if (page.IsEmpty) break;
            before = page[^1].Sequence;
            foreach (var entry in page)
            {
                if (await JudgeAsync(entry, cancellationToken) is not { } judged)
                {
                    skipped++;
                    continue;
                }
                replayed++;
                if (judged.Was != judged.WouldBe) changes.Add(judged);
            }
        }
        return new SimulationResult(replayed, skipped, changes.ToImmutable());
    }

    private async Task<SimulatedChange?> JudgeAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        var draft = entry.Draft;
        if (draft.Tool is null || !Enum.TryParse<Effect>((string?)draft.Facts?["effect"], ignoreCase: true, out var was)) return null;
        var (input, fileBefore) = await TextsAsync(entry, cancellationToken);
        if (input is null || ParseOrNull(input) is not { } json) return null;
        var decision = PolicyEvaluator.Decide(policy, new PolicyCase
        {
            Name = draft.CallId,
            Tool = draft.Tool,
            Input = json,
            Door = Enum.TryParse<Door>(draft.Door, ignoreCase: true, out var door) ? door : Door.Hook,
            Workspace = (string?)draft.Facts?["workspace"],
            Account = (string?)draft.Facts?["account"],
            Role = (string?)draft.Facts?["role"],
            Warehouse = (string?)draft.Facts?["warehouse"],
            StateFolder = state?.Path,
            Port = state?.ReadHost() is { } host ? new Uri(host.Url).Port : null,
            Tags = draft.Facts?["tags"].Deserialize<ImmutableDictionary<string, ImmutableArray<string>>>(GateEntries.Wire),
            At = entry.At.ToLocalTime(),
        }.Facts(_ => fileBefore));
        return new SimulatedChange(entry.Sequence, draft.CallId, entry.At, draft.Tool, draft.Subject, was, decision.Effect, draft.Result, decision.Summary,
            [.. decision.Rules.Where(rule => rule.Effect == decision.Effect).Select(rule => rule.Id)]);
    }

    // A reviewed action keeps its input in the entry that opened the review; the final one holds an input only when a person changed it.
    private async Task<(string? Input, string? FileBefore)> TextsAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        var call = await ledger.EntriesForCallAsync(entry.Draft.CallId, cancellationToken);
        var source = call.FirstOrDefault(other => other.Draft.Kind == EntryKind.ReviewOpened) ?? entry;
        var payloads = await ledger.PayloadsAsync(source.Sequence, cancellationToken);
        return (payloads.FirstOrDefault(payload => payload.Name == "input")?.Text, payloads.FirstOrDefault(payload => payload.Name == "before")?.Text);
    }

    private static JsonElement? ParseOrNull(string text)
    {
        try
        {
            return JsonDocument.Parse(text).RootElement;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
