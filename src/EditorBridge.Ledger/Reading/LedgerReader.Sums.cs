using System.Collections.Immutable;
using EditorBridge.Ledger.Appending;
using EditorBridge.Ledger.Reading;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace EditorBridge.Ledger;

/// <summary>Tokens of one day (UTC), model and actor.</summary>
public sealed record DaySpend(DateOnly Day, string Model, string Actor, long Requests, long InputTokens, long OutputTokens, long CacheReadTokens, long CacheWriteTokens);

/// <summary>How often a policy rule took part in a decision, and what became of those calls.</summary>
/// <param name="Approved">Let through by a person, edited or not: an override of the rule.</param>
/// <param name="Refused">Refused by policy, or nobody answered.</param>
public sealed record RuleHits(string Rule, long Hits, long Approved, long Rejected, long Refused);

/// <summary>Calls, held time and tokens over a window.</summary>
public sealed record CallTotals(
    long Requests, long Actions, long Reviewed, long Rejected, long Refused, long Expired, long Failed, long Unknown, long HeldMilliseconds,
    long InputTokens, long OutputTokens, long CacheReadTokens, long CacheWriteTokens);

/// <summary>A checkpoint that somebody outside the folder keeps.</summary>
public sealed record WitnessReceipt(string Witness, long Sequence, DateTimeOffset At, string Note);

/// <summary>A payload with what proves it.</summary>
/// <param name="Salt">64 lower-case hexadecimal digits.</param>
public sealed record SaltedPayload(long Sequence, string Name, string MediaType, string Salt, string Text);

public sealed partial class LedgerReader
{
    /// <summary>Sums of a window, whole hours.</summary>
    public Task<CallTotals> TotalsAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) => RunAsync(
        q =>
        {
            HourRow[] rows = [.. Hours(q, from, to)
                .GroupBy(h => new { h.Kind, h.State })
                .Select(g => new HourRow
                {
                    Hour = 0, Kind = g.Key.Kind, State = g.Key.State, Tool = "", Door = "", Model = "", Actor = "", Severity = "",
                    Calls = g.Sum(h => h.Calls), Reviewed = g.Sum(h => h.Reviewed), HeldMs = g.Sum(h => h.HeldMs),
                    InputTokens = g.Sum(h => h.InputTokens), OutputTokens = g.Sum(h => h.OutputTokens),
                    CacheReadTokens = g.Sum(h => h.CacheReadTokens), CacheWriteTokens = g.Sum(h => h.CacheWriteTokens),
                })];
            return new CallTotals(
                rows.Where(r => r.Kind is CallKind.Request).Sum(r => r.Calls), rows.Where(r => r.Kind is CallKind.Action).Sum(r => r.Calls),
                rows.Sum(r => r.Reviewed), In(CallState.Rejected), In(CallState.Refused), In(CallState.Expired), In(CallState.Failed), In(CallState.Unknown),
                rows.Sum(r => r.HeldMs), rows.Sum(r => r.InputTokens), rows.Sum(r => r.OutputTokens), rows.Sum(r => r.CacheReadTokens), rows.Sum(r => r.CacheWriteTokens));
            long In(CallState state) => rows.Where(r => r.State == state).Sum(r => r.Calls);
        },
        cancellationToken);

    /// <summary>Tokens per day, model and actor, oldest first.</summary>
    public Task<ImmutableArray<DaySpend>> SpendAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) => RunAsync(
        q => Hours(q, from, to).Where(h => h.Kind == CallKind.Request)
            .GroupBy(h => new { Day = h.Hour / 24, h.Model, h.Actor })
            .Select(g => new
            {
                g.Key.Day, g.Key.Model, g.Key.Actor, Requests = g.Sum(h => h.Calls), Input = g.Sum(h => h.InputTokens), Output = g.Sum(h => h.OutputTokens),
                CacheRead = g.Sum(h => h.CacheReadTokens), CacheWrite = g.Sum(h => h.CacheWriteTokens),
            })
            .Where(d => d.Requests > 0)
            .OrderBy(d => d.Day).ThenBy(d => d.Model).ThenBy(d => d.Actor)
            .AsEnumerable()
            .Select(d => new DaySpend(
                DateOnly.FromDateTime(DateTime.UnixEpoch.AddDays(d.Day)), d.Model, d.Actor, d.Requests, d.Input, d.Output, d.CacheRead, d.CacheWrite))
            .ToImmutableArray(),
        cancellationToken);

    /// <summary>Rules by how often they took part, most frequent first. Hits are counted from the first to the last call of the window.</summary>
    public Task<ImmutableArray<RuleHits>> RuleHitsAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) => RunAsync(
        q =>
        {
            CallQuery window = CallQuery.Of(new CallFilter { From = from, To = to });
            (long first, long last) = Bounds(q, window);
            Dictionary<string, (long Approved, long Rejected, long Refused)> answers = AnswersByRule(q, window);
            using SqliteCommand command = q.Connection.CreateCommand();
            command.CommandText = "SELECT rule, count(*) FROM rule_hits WHERE first_sequence BETWEEN $first AND $last GROUP BY rule ORDER BY 2 DESC, 1";
            command.Parameters.AddWithValue("$first", first);
            command.Parameters.AddWithValue("$last", last);
            var hits = ImmutableArray.CreateBuilder<RuleHits>();
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                (long approved, long rejected, long refused) = answers.GetValueOrDefault(reader.GetString(0));
                hits.Add(new RuleHits(reader.GetString(0), reader.GetInt64(1), approved, rejected, refused));
            }
            return hits.ToImmutable();
        },
        cancellationToken);

    /// <summary>
    /// What became of the calls a rule met, where it was not simply let through: most are, so only the others are looked up, by the index of states.
    /// </summary>
    private static Dictionary<string, (long Approved, long Rejected, long Refused)> AnswersByRule(LedgerQuery q, CallQuery window)
    {
        window.Add("c.state IN ('approved', 'edited', 'rejected', 'refused', 'expired')");
        using SqliteCommand command = window.Command(q.Connection, $"""
            SELECT r.rule, sum(c.state IN ('approved', 'edited')), sum(c.state = 'rejected'), sum(c.state IN ('refused', 'expired'))
            FROM calls c INDEXED BY calls_state CROSS JOIN rule_hits r ON r.first_sequence = c.first_sequence {window.Where} GROUP BY r.rule
            """);
        var answers = new Dictionary<string, (long, long, long)>(StringComparer.Ordinal);
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            answers.Add(reader.GetString(0), (reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)));
        }
        return answers;
    }

    /// <summary>Sessions by their last activity, newest first.</summary>
    /// <param name="before">The last sequence of the page before's last session.</param>
    public Task<ImmutableArray<AuditSession>> SessionsAsync(
        DateTimeOffset? from, DateTimeOffset? to, string? actor, long? before, int limit, CancellationToken cancellationToken = default) => RunAsync(
        q =>
        {
            IQueryable<AuditSession> sessions = q.Context.Sessions;
            if (from is { } start)
            {
                sessions = sessions.Where(s => s.LastAt >= start);
            }
            if (to is { } end)
            {
                sessions = sessions.Where(s => s.StartedAt < end);
            }
            if (actor is not null)
            {
                sessions = sessions.Where(s => s.Actor == actor);
            }
            if (before is { } cursor)
            {
                sessions = sessions.Where(s => s.LastSequence < cursor);
            }
            return sessions.OrderByDescending(s => s.LastSequence).Take(limit).ToImmutableArray();
        },
        cancellationToken);

    public Task<AuditSession?> SessionAsync(string sessionId, CancellationToken cancellationToken = default) =>
        RunAsync(q => q.Context.Sessions.FirstOrDefault(s => s.SessionId == sessionId), cancellationToken);

    /// <summary>Checkpoints, newest first.</summary>
    public Task<ImmutableArray<CheckpointNote>> CheckpointsAsync(int limit, CancellationToken cancellationToken = default) => RunAsync(
        q => q.Context.Checkpoints.OrderByDescending(c => c.Number).Take(limit).Select(c => c.Note).AsEnumerable()
            .Select(text => CheckpointNote.TryParse(text, out CheckpointNote? note) ? note : throw new InvalidDataException("A checkpoint is not in its form."))
            .ToImmutableArray(),
        cancellationToken);

    /// <summary>The first and the last entry of a time window; the last before the first when it is empty.</summary>
    public Task<(long First, long Last)> WindowAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) => RunAsync(
        q =>
        {
            long start = from.ToUnixTimeMilliseconds();
            long end = to.ToUnixTimeMilliseconds();
            IQueryable<EntryRow> window = q.Context.Entries.Where(e => e.At >= start && e.At < end);
            return (window.Min(e => (long?)e.Sequence) ?? 0, window.Max(e => (long?)e.Sequence) ?? -1);
        },
        cancellationToken);

    /// <summary>Checkpoints that cover an entry and what follows it, oldest first.</summary>
    public Task<ImmutableArray<CheckpointNote>> CheckpointsFromAsync(long sequence, CancellationToken cancellationToken = default) => RunAsync(
        q => q.Context.Checkpoints.Where(c => c.Sequence >= sequence).OrderBy(c => c.Number).Select(c => c.Note).AsEnumerable()
            .Select(text => CheckpointNote.TryParse(text, out CheckpointNote? note) ? note : throw new InvalidDataException("A checkpoint is not in its form."))
            .ToImmutableArray(),
        cancellationToken);

    internal LedgerFolder Files => _folder;

    internal Task<ImmutableArray<SaltedPayload>> SaltedPayloadsAsync(long from, long to, CancellationToken cancellationToken) => RunAsync(
        q => q.Context.Payloads.Where(p => p.Sequence >= from && p.Sequence <= to)
            .Join(q.Context.PayloadTexts, p => new { p.Sequence, p.Ordinal }, t => new { t.Sequence, t.Ordinal }, (p, t) => new { p.Sequence, p.Ordinal, p.Name, p.MediaType, t.Salt, t.Encoding, t.Content })
            .OrderBy(p => p.Sequence).ThenBy(p => p.Ordinal).AsEnumerable()
            .Select(p => (p, Utf8: StoredText.Decode(p.Encoding, p.Content)))
            .Where(p => p.Utf8 is not null)
            .Select(p => new SaltedPayload(p.p.Sequence, p.p.Name, p.p.MediaType, Convert.ToHexStringLower(p.p.Salt), System.Text.Encoding.UTF8.GetString(p.Utf8!)))
            .ToImmutableArray(),
        cancellationToken);

    /// <summary>Legal holds, those in force first.</summary>
    public Task<ImmutableArray<LegalHold>> HoldsAsync(CancellationToken cancellationToken = default) => RunAsync(
        q => q.Context.Holds.OrderBy(h => h.ReleasedSequence != null).ThenByDescending(h => h.PlacedSequence).AsEnumerable()
            .Select(h => new LegalHold(
                h.Id,
                new HoldScope { SessionId = h.SessionId, CallId = h.CallId, Actor = h.Actor, From = At(h.FromAt), To = At(h.ToAt) },
                h.PlacedSequence,
                h.ReleasedSequence))
            .ToImmutableArray(),
        cancellationToken);

    /// <summary>Who keeps which checkpoint outside the folder, newest first.</summary>
    public Task<ImmutableArray<WitnessReceipt>> ReceiptsAsync(int limit, CancellationToken cancellationToken = default) => RunAsync(
        q => q.Context.Receipts.OrderByDescending(r => r.Number).Take(limit).AsEnumerable()
            .Select(r => new WitnessReceipt(r.Witness, r.Sequence, DateTimeOffset.FromUnixTimeMilliseconds(r.At), r.Note)).ToImmutableArray(),
        cancellationToken);

    private static DateTimeOffset? At(long? milliseconds) => milliseconds is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    /// <summary>Size, signatures, witnesses and the writer.</summary>
    public Task<LedgerStatus> StatusAsync(CancellationToken cancellationToken = default) => RunAsync(
        q =>
        {
            var last = q.Context.Entries.OrderByDescending(e => e.Sequence).Select(e => new { e.Sequence, e.At }).FirstOrDefault();
            CheckpointRow? checkpoint = q.Context.Checkpoints.OrderByDescending(c => c.Number).FirstOrDefault();
            ReceiptRow? receipt = q.Context.Receipts.OrderByDescending(r => r.Sequence).FirstOrDefault();
            return new LedgerStatus
            {
                Folder = _folder.Path,
                Entries = last?.Sequence ?? 0,
                LastAt = last is null ? null : DateTimeOffset.FromUnixTimeMilliseconds(last.At),
                Calls = q.Context.Hours.Sum(h => h.Calls),
                OpenCalls = q.Context.Calls.Count(c => c.Open),
                DatabaseBytes = Size(_folder.Database),
                LogBytes = Size(_folder.Database + "-wal"),
                SearchBytes = Size(_folder.Search),
                FreeBytes = new DriveInfo(_folder.Path).AvailableFreeSpace,
                CheckpointSequence = checkpoint?.Sequence,
                CheckpointAt = checkpoint is null ? null : DateTimeOffset.FromUnixTimeMilliseconds(checkpoint.At),
                WitnessedSequence = receipt?.Sequence,
                Witness = receipt?.Witness,
                Writer = File.Exists(_folder.Owner) ? File.ReadAllText(_folder.Owner) : null,
                Holds = q.Context.Holds.Count(h => h.ReleasedSequence == null),
            };
            static long Size(string file) => new FileInfo(file) is { Exists: true } info ? info.Length : 0;
        },
        cancellationToken);

    private static IQueryable<HourRow> Hours(LedgerQuery q, DateTimeOffset from, DateTimeOffset to)
    {
        long first = from.ToUnixTimeMilliseconds() / Hour;
        long end = (to.ToUnixTimeMilliseconds() + Hour - 1) / Hour;
        return q.Context.Hours.Where(h => h.Hour >= first && h.Hour < end);
    }
}
