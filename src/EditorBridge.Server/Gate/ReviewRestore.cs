using System.Collections.Immutable;
using System.Text.Json;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Sql;

namespace EditorBridge.Gate;

/// <summary>
/// Puts back what a stopped host left open: reviews without a verdict wait again, and intents without an outcome are closed as unknown.
/// A restored review shows what its entry kept; what may run is always the input of the call that asks again, which must have the same digest.
/// </summary>
internal sealed partial class ReviewRestore(StateFolder state, LedgerWriter ledger, TimeProvider time, ILogger<ReviewRestore> logger)
{
    public async Task RestoreAsync(ReviewDesk desk, CancellationToken cancellationToken)
    {
        using var reader = LedgerReader.Open(state.LedgerFolder);
        var open = new List<ReviewItem>();
        foreach (var entry in await reader.OpenReviewsAsync(cancellationToken))
        {
            if (await ReadAsync(reader, entry, cancellationToken) is not { } item) continue;
            if (item.ExpiresAt <= time.GetUtcNow()) await ledger.AppendAsync(GateEntries.Expired(item));
            else open.Add(item);
        }

        desk.Restore(open, undelivered: []);
        if (open.Count > 0) LogRestored(open.Count);
        foreach (var intent in await reader.OpenIntentsAsync(cancellationToken))
        {
            await ledger.AppendAsync(intent.Draft with
            {
                Kind = EntryKind.OutcomeUnknown,
                Actor = "host",
                Result = "unknown",
                Payloads = [],
                Facts = new() { ["intent"] = intent.Sequence },
            });
        }
    }

    private static async Task<ReviewItem?> ReadAsync(LedgerReader reader, AuditEntry entry, CancellationToken cancellationToken)
    {
        var (draft, facts) = (entry.Draft, entry.Draft.Facts);
        if (facts?["reviewId"]?.GetValue<string>() is not { } id || facts["expiresAt"]?.GetValue<DateTimeOffset>() is not { } expires) return null;
        async Task<string?> Payload(string name) => (await reader.PayloadAsync(entry.Sequence, name, cancellationToken))?.Text;

        var path = facts["path"]?.GetValue<string>();
        var after = await Payload("after");
        return new ReviewItem
        {
            Id = id,
            CallId = draft.CallId,
            OpenedAt = entry.At,
            ExpiresAt = expires,
            Door = GateEntries.Parse<Door>(draft.Door),
            Tool = draft.Tool ?? "",
            ToolUseId = draft.ToolUseId,
            SessionId = draft.SessionId,
            Actor = draft.Actor,
            Requester = facts["requester"]?.GetValue<string>() ?? "",
            Workspace = facts["workspace"]?.GetValue<string>(),
            Title = draft.Subject ?? "",
            Severity = GateEntries.Parse<Severity>(draft.Severity),
            Decision = new Decision
            {
                Effect = Effect.Review,
                Rules = facts["rules"].Deserialize<ImmutableArray<MatchedRule>?>(GateEntries.Wire) ?? [],
                Obligations = facts["obligations"].Deserialize<Obligations>(GateEntries.Wire) ?? Obligations.None,
                Summary = facts["summary"]?.GetValue<string>() ?? "",
                PolicyVersion = facts["policyVersion"]?.GetValue<string>() ?? "",
            },
            Input = await Payload("input") ?? "{}",
            InputDigest = facts["inputDigest"]?.GetValue<string>() ?? "",
            Change = path is null || after is null ? null : new FileChange(path, await Payload("before"), after, facts["complete"]?.GetValue<bool>() ?? false),
            Proposed = await Payload("proposed"),
            EditableProperty = facts["editableProperty"]?.GetValue<string>(),
            Findings = Read<Finding>(await Payload("findings")),
            Objects = Read<SqlObject>(await Payload("objects")),
        };
    }

    private static ImmutableArray<T> Read<T>(string? json) => json is null ? [] : JsonSerializer.Deserialize<ImmutableArray<T>>(json, GateEntries.Wire);

    [LoggerMessage(LogLevel.Information, "{Count} reviews were open when the host stopped and wait again")]
    private partial void LogRestored(int count);
}
