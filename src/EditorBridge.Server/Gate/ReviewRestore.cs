using System.Collections.Immutable;
using System.Text.Json;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Sql;

namespace EditorBridge.Gate;

/// <summary>
/// Puts back what a stopped host left open: reviews without a verdict wait again with the approval they had, verdicts nobody had acted on wait for their call,
/// and intents without an outcome are closed as unknown.
/// A restored review shows what its entry kept; what may run is always the input of the call that asks again, which must have the same digest.
/// </summary>
internal sealed partial class ReviewRestore(StateFolder state, LedgerWriter ledger, TimeProvider time, ILogger<ReviewRestore> logger)
{
    // Policy counts a grant's lifetime in minutes; nothing it could sensibly say is longer.
    private static readonly TimeSpan LongestGrant = TimeSpan.FromDays(7);

    public async Task RestoreAsync(ReviewDesk desk, CancellationToken cancellationToken)
    {
        using var reader = LedgerReader.Open(state.LedgerFolder);
        var open = new List<OpenReview>();
        foreach (var entry in await reader.OpenReviewsAsync(cancellationToken))
        {
            if (await ReadAsync(reader, entry, cancellationToken) is not { } item) continue;
            if (item.ExpiresAt <= time.GetUtcNow()) await ledger.AppendAsync(GateEntries.Expired(item));
            else open.Add(new OpenReview(item, await FirstApproverAsync(reader, item, cancellationToken)));
        }

        var undelivered = await UndeliveredAsync(reader, cancellationToken);
        desk.Restore(open, undelivered);
        if (open.Count > 0) LogRestored(open.Count);
        if (undelivered.Count > 0) LogVerdictsRestored(undelivered.Count);
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

    private static async Task<string?> FirstApproverAsync(LedgerReader reader, ReviewItem item, CancellationToken cancellationToken) =>
        (await reader.EntriesForCallAsync(item.CallId, cancellationToken))
            .LastOrDefault(entry => entry.Draft is { Kind: EntryKind.ReviewVerdict, Result: GateEntries.ApprovedFirst } && entry.Draft.Facts?["reviewId"]?.GetValue<string>() == item.Id)
            ?.Draft.Facts?["person"]?.GetValue<string>();

    // Still single use: the admission that uses a verdict is an entry of the same call, and a verdict with one is not undelivered.
    private async Task<List<ClosedReview>> UndeliveredAsync(LedgerReader reader, CancellationToken cancellationToken)
    {
        var found = new List<ClosedReview>();
        var now = time.GetUtcNow();
        foreach (var (opened, verdict) in await reader.UndeliveredVerdictsAsync(now - LongestGrant, cancellationToken))
        {
            if (await ReadAsync(reader, opened, cancellationToken) is not { } item || now - verdict.At > ReviewDesk.GrantLifetime(item)) continue;
            var facts = verdict.Draft.Facts ?? [];
            var edited = (await reader.PayloadAsync(verdict.Sequence, "edited", cancellationToken))?.Text;
            // A text whose secrets were taken out, or that was not kept, is not what the person approved; such a call is asked again.
            if (GateEntries.DigestOf(edited) != facts["editedDigest"]?.GetValue<string>()) continue;
            found.Add(new ClosedReview(item, StateOf(verdict.Draft.Result), facts["person"]?.GetValue<string>(), facts["reason"]?.GetValue<string>(), edited, verdict.At));
        }

        return found;
    }

    private static ReviewState StateOf(string? result) => result switch
    {
        GateEntries.Approved => ReviewState.Approved,
        GateEntries.Edited => ReviewState.Edited,
        _ => ReviewState.Rejected,
    };

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
            Prompt = await Payload("prompt"),
            Account = facts["account"]?.GetValue<string>(),
            Role = facts["role"]?.GetValue<string>(),
            Warehouse = facts["warehouse"]?.GetValue<string>(),
            FilePath = facts["file"]?.GetValue<string>(),
            FileDigest = facts["fileDigest"]?.GetValue<string>(),
            AskedDigest = facts["askedDigest"]?.GetValue<string>(),
            RevisionOf = facts["revisionOf"]?.GetValue<string>(),
            EditedBy = facts["editedBy"]?.GetValue<string>(),
            SessionScope = facts["sessionScope"].Deserialize<SessionScope>(GateEntries.Wire),
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
            Columns = Read<string>(await Payload("columns")),
        };
    }

    private static ImmutableArray<T> Read<T>(string? json) => json is null ? [] : JsonSerializer.Deserialize<ImmutableArray<T>>(json, GateEntries.Wire);

    [LoggerMessage(LogLevel.Information, "{Count} verdicts had not reached their calls when the host stopped and wait for them")]
    private partial void LogVerdictsRestored(int count);

    [LoggerMessage(LogLevel.Information, "{Count} reviews were open when the host stopped and wait again")]
    private partial void LogRestored(int count);
}
