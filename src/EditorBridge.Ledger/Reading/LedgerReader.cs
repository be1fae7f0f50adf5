using System.Collections.Immutable;
using System.Text;
using EditorBridge.Audit;
using EditorBridge.Ledger.Appending;
using EditorBridge.Ledger.Projection;
using EditorBridge.Ledger.Reading;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace EditorBridge.Ledger;

/// <summary>
/// Reads a ledger without being able to change it, while a host writes it or not. Safe for any number of threads; keep one per process.
/// Every question runs on its own read-only connection, is stopped when its caller gives up, and ends after <see cref="QueryLimit"/>.
/// </summary>
public sealed partial class LedgerReader : IDisposable
{
    /// <summary>Questions that run at once; more wait for their turn.</summary>
    private const int Concurrency = 4;

    private readonly LedgerFolder _folder;
    private readonly QueryRunner _queries;

    private LedgerReader(LedgerFolder folder)
    {
        _folder = folder;
        _queries = new QueryRunner(folder.Database, folder.Search, Concurrency);
    }

    /// <summary>How long one question may take before it is stopped with <see cref="LedgerQueryTimeoutException"/>.</summary>
    public TimeSpan QueryLimit { get; private init; } = TimeSpan.FromSeconds(5);

    /// <summary>Opens nothing yet: the ledger may be made later. Every question fails with <see cref="LedgerUnreadableException"/> until then.</summary>
    public static LedgerReader Open(string folder) => new(new LedgerFolder(folder));

    /// <summary>As above, with another limit: an export may take longer than a page.</summary>
    public static LedgerReader Open(string folder, TimeSpan queryLimit) => new(new LedgerFolder(folder)) { QueryLimit = queryLimit };

    /// <summary>Where the chain stands.</summary>
    public Task<ChainHead> HeadAsync(CancellationToken cancellationToken = default) => RunAsync(
        static q => q.Context.Entries.OrderByDescending(e => e.Sequence).Select(e => new { e.Sequence, e.Hash, e.At }).FirstOrDefault() is { } last
            ? new ChainHead(last.Sequence, [.. last.Hash], DateTimeOffset.FromUnixTimeMilliseconds(last.At))
            : ChainHead.Empty,
        cancellationToken);

    /// <summary>All entries of one call in order, without payload texts.</summary>
    public Task<ImmutableArray<AuditEntry>> EntriesForCallAsync(string callId, CancellationToken cancellationToken = default) =>
        RunAsync(q => Entries(q, q.Context.Entries.Where(e => e.CallId == callId)), cancellationToken);

    /// <summary>One entry, null when there is none with this sequence.</summary>
    public Task<AuditEntry?> EntryAsync(long sequence, CancellationToken cancellationToken = default) =>
        RunAsync(q => Entries(q, q.Context.Entries.Where(e => e.Sequence == sequence)).FirstOrDefault(), cancellationToken);

    /// <summary>Entries by kind and time, newest first; for lists of incidents, accesses, policies.</summary>
    /// <param name="before">Only entries with a smaller sequence: the last one of the page before.</param>
    public Task<ImmutableArray<AuditEntry>> EntriesAsync(EntryFilter filter, long? before, int limit, CancellationToken cancellationToken = default) =>
        RunAsync(q => NewestEntries(q, filter, before, limit), cancellationToken);

    /// <summary>Entries of a range in order, both ends included; none when the range lies beyond the chain.</summary>
    public Task<ImmutableArray<AuditEntry>> RangeAsync(long from, long to, CancellationToken cancellationToken = default) => RunAsync(
        q =>
        {
            byte[]? previous = q.Context.Entries.Where(e => e.Sequence == from - 1).Select(e => e.Hash).FirstOrDefault();
            var entries = ImmutableArray.CreateBuilder<AuditEntry>();
            foreach (StoredEntry stored in StoredEntry.Read(q.Connection, from, to))
            {
                entries.Add(stored.ToEntry(previous is null ? HashChain.Genesis : [.. previous]));
                previous = stored.Hash;
            }
            return entries.ToImmutable();
        },
        cancellationToken);

    /// <summary>A payload's text; null when it was never kept or has been dropped.</summary>
    public Task<AuditPayload?> PayloadAsync(long sequence, string name, CancellationToken cancellationToken = default) =>
        RunAsync(q => Payloads(q, sequence).FirstOrDefault(p => p.Name == name), cancellationToken);

    /// <summary>All payload texts of an entry that still exist.</summary>
    public Task<ImmutableArray<AuditPayload>> PayloadsAsync(long sequence, CancellationToken cancellationToken = default) =>
        RunAsync(q => Payloads(q, sequence), cancellationToken);

    /// <summary>
    /// Reviews that were open when the ledger was last written: each <see cref="EntryKind.ReviewOpened"/> entry, with its payload texts, that
    /// no final verdict, expiry, refusal or admission has ended.
    /// </summary>
    public Task<ImmutableArray<AuditEntry>> OpenReviewsAsync(CancellationToken cancellationToken = default) =>
        RunAsync(OpenReviews, cancellationToken);

    /// <summary>
    /// Final verdicts since a time that no admission or refusal has used yet, each with the <see cref="EntryKind.ReviewOpened"/> entry it answers. A verdict that went on as
    /// another review is not one.
    /// </summary>
    public Task<ImmutableArray<(AuditEntry Opened, AuditEntry Verdict)>> UndeliveredVerdictsAsync(DateTimeOffset since, CancellationToken cancellationToken = default) =>
        RunAsync(q => UndeliveredVerdicts(q, since.ToUnixTimeMilliseconds()), cancellationToken);

    /// <summary>The newest answer of the gate (<see cref="EntryKind.ActionAdmitted"/> or <see cref="EntryKind.ActionRefused"/>) for a session's tool_use; null when it was never asked.</summary>
    public Task<AuditEntry?> AnswerToToolUseAsync(string sessionId, string toolUseId, CancellationToken cancellationToken = default) =>
        RunAsync(q => AnswerToToolUse(q, sessionId, toolUseId), cancellationToken);

    /// <summary>Intents without an outcome: <see cref="EntryKind.MessageIntent"/> and <see cref="EntryKind.ActionAdmitted"/> entries of calls that are still open.</summary>
    public Task<ImmutableArray<AuditEntry>> OpenIntentsAsync(CancellationToken cancellationToken = default) =>
        RunAsync(OpenIntents, cancellationToken);

    public void Dispose() => _queries.Dispose();

    private Task<T> RunAsync<T>(Func<LedgerQuery, T> query, CancellationToken cancellationToken) =>
        _queries.RunAsync(query, QueryLimit, cancellationToken);

    private static ImmutableArray<AuditEntry> OpenReviews(LedgerQuery q)
    {
        string[] calls = [.. q.Context.Calls.Where(c => c.State == CallState.Pending).OrderBy(c => c.FirstSequence).Select(c => c.CallId)];
        var open = ImmutableArray.CreateBuilder<AuditEntry>();
        foreach (string call in calls)
        {
            ImmutableArray<AuditEntry> entries = Entries(q, q.Context.Entries.Where(e => e.CallId == call));
            foreach (AuditEntry opened in entries.Where(e => e.Draft.Kind is EntryKind.ReviewOpened))
            {
                if (!entries.Any(e => e.Sequence > opened.Sequence && EndsReview(e.Draft, opened.Draft)))
                {
                    open.Add(opened with { Draft = opened.Draft with { Payloads = Payloads(q, opened.Sequence) } });
                }
            }
        }
        return open.ToImmutable();
    }

    private static bool EndsReview(AuditDraft entry, AuditDraft opened) => entry.Kind switch
    {
        EntryKind.ReviewVerdict => SameReview(entry, opened) && CallFold.IsFinal(entry),
        EntryKind.ReviewExpired => SameReview(entry, opened),
        EntryKind.ActionRefused or EntryKind.ActionAdmitted or EntryKind.OutcomeUnknown => true,
        _ => false,
    };

    private static ImmutableArray<(AuditEntry Opened, AuditEntry Verdict)> UndeliveredVerdicts(LedgerQuery q, long since)
    {
        string verdict = EntryKind.ReviewVerdict.WireName();
        string[] answers = [EntryKind.ActionAdmitted.WireName(), EntryKind.ActionRefused.WireName(), EntryKind.OutcomeUnknown.WireName()];
        string[] calls = [.. q.Context.Entries
            .Where(e => e.Kind == verdict && e.At >= since && !q.Context.Entries.Any(a => a.CallId == e.CallId && answers.Contains(a.Kind)))
            .Select(e => e.CallId).Distinct()];
        var found = ImmutableArray.CreateBuilder<(AuditEntry, AuditEntry)>();
        foreach (string call in calls)
        {
            ImmutableArray<AuditEntry> entries = Entries(q, q.Context.Entries.Where(e => e.CallId == call));
            AuditEntry? opened = entries.LastOrDefault(e => e.Draft.Kind is EntryKind.ReviewOpened);
            AuditEntry? given = opened is null ? null : entries.FirstOrDefault(e => e.Sequence > opened.Sequence
                && e.Draft.Kind is EntryKind.ReviewVerdict && SameReview(e.Draft, opened.Draft) && CallFold.IsFinal(e.Draft) && e.Draft.Facts?["continuedIn"] is null);
            if (given is not null)
            {
                found.Add((opened!, given));
            }
        }
        return found.ToImmutable();
    }

    private static AuditEntry? AnswerToToolUse(LedgerQuery q, string sessionId, string toolUseId)
    {
        string[] answers = [EntryKind.ActionAdmitted.WireName(), EntryKind.ActionRefused.WireName()];
        // By way of the calls, which are indexed by session.
        IQueryable<string> calls = q.Context.Calls.Where(c => c.SessionId == sessionId).Select(c => c.CallId);
        return Entries(q, q.Context.Entries.Where(e => calls.Contains(e.CallId) && e.ToolUseId == toolUseId && answers.Contains(e.Kind))).LastOrDefault();
    }

    private static bool SameReview(AuditDraft entry, AuditDraft opened) =>
        entry.Facts?["reviewId"] is not { } id || id.ToJsonString() == opened.Facts?["reviewId"]?.ToJsonString();

    private static ImmutableArray<AuditEntry> OpenIntents(LedgerQuery q)
    {
        string[] calls = [.. q.Context.Calls.Where(c => c.Open).OrderBy(c => c.FirstSequence).Select(c => c.CallId)];
        string[] intents = [EntryKind.MessageIntent.WireName(), EntryKind.ActionAdmitted.WireName()];
        return [.. calls.SelectMany(call => Entries(q, q.Context.Entries.Where(e => e.CallId == call && intents.Contains(e.Kind))).TakeLast(1))];
    }

    private static ImmutableArray<AuditEntry> NewestEntries(LedgerQuery q, EntryFilter filter, long? before, int limit)
    {
        IQueryable<EntryRow> rows = q.Context.Entries;
        if (!filter.Kinds.IsDefaultOrEmpty)
        {
            string[] kinds = [.. filter.Kinds.Select(static k => k.WireName())];
            rows = rows.Where(e => kinds.Contains(e.Kind));
        }
        if (filter.From is { } from)
        {
            long ms = from.ToUnixTimeMilliseconds();
            rows = rows.Where(e => e.At >= ms);
        }
        if (filter.To is { } to)
        {
            long ms = to.ToUnixTimeMilliseconds();
            rows = rows.Where(e => e.At < ms);
        }
        if (filter.Actor is { } actor)
        {
            rows = rows.Where(e => e.Actor == actor);
        }
        if (!filter.Results.IsDefaultOrEmpty)
        {
            string[] results = [.. filter.Results];
            rows = rows.Where(e => results.Contains(e.Result));
        }
        if (before is { } cursor)
        {
            rows = rows.Where(e => e.Sequence < cursor);
        }
        long[] page = [.. rows.OrderByDescending(e => e.Sequence).Take(limit).Select(e => e.Sequence)];
        return [.. Entries(q, q.Context.Entries.Where(e => page.Contains(e.Sequence))).Reverse()];
    }

    /// <summary>The entries of a small set in order, with their previous hashes and commitments.</summary>
    private static ImmutableArray<AuditEntry> Entries(LedgerQuery q, IQueryable<EntryRow> rows)
    {
        EntryRow[] found = [.. rows.OrderBy(e => e.Sequence)];
        if (found.Length == 0)
        {
            return [];
        }
        long[] sequences = [.. found.Select(e => e.Sequence)];
        long[] before = [.. sequences.Select(s => s - 1)];
        Dictionary<long, byte[]> hashes = q.Context.Entries.Where(e => before.Contains(e.Sequence)).Select(e => new { e.Sequence, e.Hash })
            .ToDictionary(e => e.Sequence, e => e.Hash);
        ILookup<long, PayloadRow> payloads = q.Context.Payloads.Where(p => sequences.Contains(p.Sequence)).OrderBy(p => p.Ordinal).ToLookup(p => p.Sequence);
        return [.. found.Select(e => StoredEntry.Of(e, [.. payloads[e.Sequence].Select(static p => new SealedPayload(p.Name, p.MediaType, p.Bytes, [.. p.Commitment]))])
            .ToEntry(hashes.TryGetValue(e.Sequence - 1, out byte[]? hash) ? [.. hash] : HashChain.Genesis))];
    }

    private static ImmutableArray<AuditPayload> Payloads(LedgerQuery q, long sequence)
    {
        var stored = q.Context.Payloads.Where(p => p.Sequence == sequence)
            .Join(q.Context.PayloadTexts, p => new { p.Sequence, p.Ordinal }, t => new { t.Sequence, t.Ordinal }, (p, t) => new { p.Name, p.MediaType, p.Ordinal, t.Encoding, t.Content })
            .OrderBy(p => p.Ordinal).ToArray();
        return [.. stored
            .Select(static p => (p.Name, p.MediaType, Utf8: StoredText.Decode(p.Encoding, p.Content)))
            .Where(static p => p.Utf8 is not null)
            .Select(static p => new AuditPayload(p.Name, p.MediaType, Encoding.UTF8.GetString(p.Utf8!)))];
    }
}
