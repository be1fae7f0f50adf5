using System.Collections.Immutable;
using System.Globalization;
using EditorBridge.Ledger.Reading;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace EditorBridge.Ledger;

public sealed partial class LedgerReader
{
    private const long Hour = 3_600_000;

    /// <summary>Buckets a histogram may have; the smallest that gives at most <see cref="MostBars"/> is taken.</summary>
    private static readonly ImmutableArray<TimeSpan> Buckets =
    [
        TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromHours(1), TimeSpan.FromHours(3),
        TimeSpan.FromHours(6), TimeSpan.FromDays(1), TimeSpan.FromDays(7), TimeSpan.FromDays(28), TimeSpan.FromDays(364),
    ];

    private const int MostBars = 96;

    /// <summary>A page of calls, newest first. Equally fast at any depth.</summary>
    /// <param name="older">Where the page before ended; null for the first.</param>
    public Task<CallPage> CallsAsync(CallFilter filter, CallCursor? older, int limit, CancellationToken cancellationToken = default) => RunAsync(
        q =>
        {
            CallQuery query = Query(q, filter);
            if (older is { } cursor)
            {
                query.Before(cursor);
            }
            string sql = $"SELECT c.* FROM {query.From} {query.Where} ORDER BY {query.Order} LIMIT {(limit + 1).ToString(CultureInfo.InvariantCulture)}";
            AuditCall[] calls = [.. q.Context.Calls.FromSqlRaw(sql, [.. query.Parameters()])];
            return calls.Length > limit
                ? new CallPage([.. calls[..limit]], CallCursor.Of(calls[limit - 1]))
                : new CallPage([.. calls], null);
        },
        cancellationToken);

    /// <summary>One call by its id, null when the ledger knows none.</summary>
    public Task<AuditCall?> CallAsync(string callId, CancellationToken cancellationToken = default) =>
        RunAsync(q => q.Context.Calls.FirstOrDefault(c => c.CallId == callId), cancellationToken);

    /// <summary>How many calls there are, exact up to 10,000.</summary>
    public Task<CappedCount> CountAsync(CallFilter filter, CancellationToken cancellationToken = default) =>
        RunAsync(q => Count(q, Query(q, filter)), cancellationToken);

    /// <summary>How many of these calls began after an entry: the "N new" of a live view.</summary>
    public Task<CappedCount> CountNewAsync(CallFilter filter, long afterSequence, CancellationToken cancellationToken = default) => RunAsync(
        q =>
        {
            CallQuery query = Query(q, filter);
            query.After(afterSequence);
            return Count(q, query);
        },
        cancellationToken);

    /// <summary>For every facet the values and how many calls each has under the other filters, most frequent first.</summary>
    public Task<CallFacets> FacetsAsync(CallFilter filter, CancellationToken cancellationToken = default) => RunAsync(
        q =>
        {
            CallFacet[] facets = Enum.GetValues<CallFacet>();
            return CallQuery.FitsHours(filter)
                ? new CallFacets(FacetsFromHours(q, filter, facets), Capped: false)
                : new CallFacets([.. facets.Select(facet => new FacetCounts(facet, FacetFromCalls(q, filter, facet)))], Count(q, Query(q, filter)).Capped);
        },
        cancellationToken);

    /// <summary>Calls over time by state, in buckets that suit the window.</summary>
    public Task<CallHistogram> HistogramAsync(CallFilter filter, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) => RunAsync(
        q =>
        {
            TimeSpan bucket = Buckets.FirstOrDefault(b => (to - from) / b <= MostBars, Buckets[^1]);
            CallFilter window = filter with { From = Later(filter.From, from), To = Earlier(filter.To, to) };
            bool hours = CallQuery.FitsHours(filter) && bucket >= TimeSpan.FromHours(1);
            (ImmutableArray<HistogramBar> bars, bool capped) = hours ? (BarsFromHours(q, window, bucket), false) : BarsFromCalls(q, window, bucket);
            return new CallHistogram(from, to, bucket, bars, capped);
        },
        cancellationToken);

    private static CallQuery Query(LedgerQuery q, CallFilter filter, CallFacet? without = null)
    {
        CallQuery query = CallQuery.Of(filter, without);
        if (query.IsText)
        {
            RequireSearch(q);
            if (filter.From is not null || filter.To is not null)
            {
                BoundByWindow(q, filter, query);
            }
        }
        return query;
    }

    /// <summary>Attaches the full-text index, read-only as the connection is. It may be made after the connection was opened, so each use looks.</summary>
    private static void RequireSearch(LedgerQuery q)
    {
        if (LedgerConnection.ScalarNumber(q.Connection, "SELECT count(*) FROM pragma_database_list WHERE name = 'search'") == 0)
        {
            if (!File.Exists(q.SearchFile))
            {
                throw NoIndex();
            }
            using SqliteCommand attach = q.Connection.CreateCommand();
            attach.CommandText = "ATTACH $search AS search";
            attach.Parameters.AddWithValue("$search", q.SearchFile);
            attach.ExecuteNonQuery();
        }
        if (LedgerConnection.ScalarNumber(q.Connection, "SELECT count(*) FROM search.sqlite_master WHERE name = 'call_text'") == 0)
        {
            throw NoIndex();
        }
    }

    private static LedgerUnreadableException NoIndex() =>
        new("The full-text index is not there yet. It is filled while the host runs; start it (editorbridge serve), or search by other fields.", null);

    private static void BoundByWindow(LedgerQuery q, CallFilter filter, CallQuery query)
    {
        (long first, long last) = Bounds(q, CallQuery.Of(new CallFilter { From = filter.From, To = filter.To }));
        query.BoundRowIds(first, last);
    }

    /// <summary>The first and the last entry with which a call of the window begins; the last before the first when there is none.</summary>
    private static (long First, long Last) Bounds(LedgerQuery q, CallQuery window)
    {
        using SqliteCommand command = window.Command(q.Connection, $"SELECT coalesce(min(first_sequence), 0), coalesce(max(first_sequence), -1) FROM calls c {window.Where}");
        using SqliteDataReader reader = command.ExecuteReader();
        reader.Read();
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    private static CappedCount Count(LedgerQuery q, CallQuery query)
    {
        using SqliteCommand command = query.Command(
            q.Connection, $"SELECT count(*) FROM (SELECT 1 FROM {query.From} {query.Where} LIMIT {CallQuery.Cap + 1})");
        long count = (long)command.ExecuteScalar()!;
        return new CappedCount(Math.Min(count, CallQuery.Cap), count > CallQuery.Cap);
    }

    private static ImmutableArray<FacetValue> FacetFromCalls(LedgerQuery q, CallFilter filter, CallFacet facet)
    {
        CallQuery query = Query(q, filter, without: facet);
        string column = CallQuery.Column(facet);
        using SqliteCommand command = query.Command(
            q.Connection, $"SELECT {column}, count(*) FROM (SELECT c.{column} FROM {query.From} {query.Where} ORDER BY {query.Order} LIMIT {CallQuery.Cap}) GROUP BY 1 ORDER BY 2 DESC");
        return ReadFacet(command);
    }

    /// <summary>One pass over the roll-up gives the few hundred combinations that occur; every facet is counted from these.</summary>
    private static ImmutableArray<FacetCounts> FacetsFromHours(LedgerQuery q, CallFilter filter, CallFacet[] facets)
    {
        string columns = string.Join(", ", facets.Select(f => $"c.{CallQuery.Column(f)} AS f_{CallQuery.Column(f)}"));
        string names = string.Join(", ", facets.Select(f => "f_" + CallQuery.Column(f)));
        (CallQuery query, string source) = HoursAndEdges(new CallFilter { From = filter.From, To = filter.To }, columns);
        using SqliteCommand command = query.Command(q.Connection, $"SELECT {names}, sum(calls) FROM ({source}) GROUP BY {names} HAVING sum(calls) > 0");
        var combinations = new List<(string[] Values, long Calls)>();
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                combinations.Add(([.. facets.Select((_, i) => reader.IsDBNull(i) ? "" : reader.GetString(i))], reader.GetInt64(facets.Length)));
            }
        }
        ImmutableArray<string>[] wanted = [.. facets.Select(f => CallQuery.Wanted(filter, f))];
        return [.. facets.Select((facet, own) => new FacetCounts(
            facet,
            [.. combinations
                .Where(c => !wanted.Where((values, i) => i != own && !values.IsDefaultOrEmpty && !values.Contains(c.Values[i])).Any())
                .GroupBy(c => c.Values[own], c => c.Calls)
                .Select(g => new FacetValue(g.Key, g.Sum()))
                .OrderByDescending(v => v.Calls).ThenBy(v => v.Value, StringComparer.Ordinal)]))];
    }

    private static ImmutableArray<FacetValue> ReadFacet(SqliteCommand command)
    {
        var values = ImmutableArray.CreateBuilder<FacetValue>();
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            string value = reader.IsDBNull(0) ? "" : reader.GetString(0);
            values.Add(new FacetValue(value, reader.GetInt64(1)));
        }
        return values.ToImmutable();
    }

    /// <summary>
    /// Whole hours from the roll-up and the cut hours at both ends from the calls themselves, so that the sum is exact.
    /// </summary>
    private static (CallQuery Query, string Source) HoursAndEdges(CallFilter filter, string columns)
    {
        long from = filter.From?.ToUnixTimeMilliseconds() ?? 0;
        long to = filter.To?.ToUnixTimeMilliseconds() ?? long.MaxValue - Hour;
        long firstHour = (from + Hour - 1) / Hour;
        long endHour = Math.Max(to / Hour, firstHour);
        CallQuery query = CallQuery.OfHours(filter);
        string and = query.Where.Length == 0 ? "WHERE" : query.Where + " AND";
        string source = string.Create(CultureInfo.InvariantCulture, $"""
            SELECT {columns}, c.hour * {Hour} AS at, c.calls AS calls, c.state AS state FROM hours c {and} c.hour >= {firstHour} AND c.hour < {endHour}
            UNION ALL
            SELECT {columns}, c.started_at AS at, 1 AS calls, c.state AS state FROM calls c {and} c.started_at >= {from} AND c.started_at < {Math.Min(to, firstHour * Hour)}
            """);
        if (endHour * Hour < to && filter.To is not null)
        {
            source += string.Create(CultureInfo.InvariantCulture, $"""

                UNION ALL
                SELECT {columns}, c.started_at AS at, 1 AS calls, c.state AS state FROM calls c {and} c.started_at >= {Math.Max(endHour * Hour, from)} AND c.started_at < {to}
                """);
        }
        return (query, source);
    }

    private static ImmutableArray<HistogramBar> BarsFromHours(LedgerQuery q, CallFilter window, TimeSpan bucket)
    {
        (CallQuery query, string source) = HoursAndEdges(window, "1");
        string ms = ((long)bucket.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        using SqliteCommand command = query.Command(
            q.Connection, $"SELECT at / {ms} * {ms}, state, sum(calls) FROM ({source}) GROUP BY 1, 2 HAVING sum(calls) > 0 ORDER BY 1, 2");
        return ReadBars(command);
    }

    private static (ImmutableArray<HistogramBar> Bars, bool Capped) BarsFromCalls(LedgerQuery q, CallFilter window, TimeSpan bucket)
    {
        CallQuery query = Query(q, window);
        bool capped = Count(q, query).Capped;
        string ms = ((long)bucket.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        using SqliteCommand command = query.Command(
            q.Connection,
            $"SELECT started_at / {ms} * {ms}, state, count(*) FROM (SELECT c.started_at, c.state FROM {query.From} {query.Where} ORDER BY {query.Order} LIMIT {CallQuery.Cap}) GROUP BY 1, 2 ORDER BY 1, 2");
        return (ReadBars(command), capped);
    }

    private static ImmutableArray<HistogramBar> ReadBars(SqliteCommand command)
    {
        var bars = ImmutableArray.CreateBuilder<HistogramBar>();
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            bars.Add(new HistogramBar(DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(0)), WireNames.ParseState(reader.GetString(1)), reader.GetInt64(2)));
        }
        return bars.ToImmutable();
    }

    private static DateTimeOffset Later(DateTimeOffset? a, DateTimeOffset b) => a > b ? a.Value : b;

    private static DateTimeOffset Earlier(DateTimeOffset? a, DateTimeOffset b) => a < b ? a.Value : b;
}
