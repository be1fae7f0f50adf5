using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Ledger.Reading;
using EditorBridge.Ledger.Search;
using EditorBridge.Ledger.Storage;
using static EditorBridge.Server.Tests.Ledger.TemporaryLedger;

namespace EditorBridge.Server.Tests.Ledger;

public class LedgerReaderTests
{
    [Fact]
    public async Task Call_is_folded_from_its_entries()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        await writer.AppendAsync(Draft(EntryKind.ActionDecided, "c", "review", new JsonObject { ["class"] = "ddl", ["rules"] = new JsonArray("drops", "prod") }) with { Severity = "high" });
        await writer.AppendAsync(Draft(EntryKind.ReviewOpened, "c", facts: new JsonObject { ["reviewId"] = "r" }));
        ledger.Time.Advance(TimeSpan.FromSeconds(42));
        await writer.AppendAsync(Draft(EntryKind.ReviewVerdict, "c", "edited", new JsonObject { ["reviewId"] = "r" }) with { Actor = "person:alice" });
        await writer.AppendAsync(Draft(EntryKind.ActionAdmitted, "c", "edited"));
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);

        AuditCall call = Assert.IsType<AuditCall>(await reader.CallAsync("c"));

        Assert.Equal(
            (CallState.Edited, "person:alice", 42_000L, "high", "ddl", "review", true),
            (call.State, call.Reviewer, call.HeldMilliseconds, call.Severity, call.Class, call.Effect, call.Open));
        RuleHits[] hits = [.. await reader.RuleHitsAsync(ledger.Time.Start, ledger.Time.GetUtcNow().AddHours(1))];
        Assert.Equal([new RuleHits("drops", 1, 1, 0, 0), new RuleHits("prod", 1, 1, 0, 0)], hits);
        Assert.Empty(await reader.RuleHitsAsync(ledger.Time.Start.AddHours(-2), ledger.Time.Start));
    }

    [Fact]
    public async Task Looking_at_a_call_and_a_later_start_of_the_host_change_neither_its_words_nor_the_length_of_its_session()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        await writer.AppendAsync(Draft(EntryKind.MessageIntent, "c") with { Tool = null, Subject = null, Door = "proxy" });
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        AuditCall sent = Assert.IsType<AuditCall>(await reader.CallAsync("c"));
        ledger.Time.Advance(TimeSpan.FromDays(1));
        await writer.AppendAsync(new AuditDraft { Kind = EntryKind.Access, CallId = "c", Actor = "person:dora", Door = "portal", Subject = "/calls/c", Result = "view" });
        Assert.Equal(sent, await reader.CallAsync("c"));

        await writer.AppendAsync(Draft(EntryKind.OutcomeUnknown, "c", "unknown"));
        AuditCall unknown = Assert.IsType<AuditCall>(await reader.CallAsync("c"));
        Assert.Equal((CallState.Unknown, null, sent.LastAt), (unknown.State, unknown.Subject, unknown.LastAt));
        Assert.Equal(sent.LastAt, Assert.Single(await reader.SessionsAsync(null, null, null, null, 10)).LastAt);
        Assert.Empty((await LedgerVerifier.VerifyAsync(ledger.Options.Folder, new VerifyOptions(), null, CancellationToken.None)).Findings);
    }

    [Fact]
    public async Task Ledger_put_in_the_place_of_another_is_read_by_a_reader_that_knew_the_first()
    {
        await using var ledger = new TemporaryLedger();
        await using var other = new TemporaryLedger();
        await ledger.Open().AppendAsync(Draft(EntryKind.ActionDecided, "first"));
        await ledger.CloseAsync();
        await other.Open().AppendAsync(Draft(EntryKind.ActionDecided, "second"));
        await other.CloseAsync();
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        Assert.NotNull(await reader.CallAsync("first"));

        Array.ForEach(Directory.GetFiles(ledger.Options.Folder), File.Delete);
        Array.ForEach(Directory.GetFiles(other.Options.Folder), file => File.Move(file, Path.Combine(ledger.Options.Folder, Path.GetFileName(file))));

        Assert.Null(await reader.CallAsync("first"));
        Assert.NotNull(await reader.CallAsync("second"));
    }

    [Theory]
    [InlineData("tools", 20)]
    [InlineData("states", 30)]
    [InlineData("session", 12)]
    [InlineData("window", 30)]
    [InlineData("none", 60)]
    public async Task Filter_pages_and_counts_the_same_calls(string filterName, int expected)
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        CallFilter filter = filterName switch
        {
            "tools" => new CallFilter { Tools = ["Bash"] },
            "states" => new CallFilter { States = [CallState.Refused, CallState.Failed] },
            "session" => new CallFilter { SessionId = "session-3" },
            "window" => new CallFilter { From = ledger.Time.Start.AddMinutes(150), To = ledger.Time.Start.AddMinutes(450) },
            _ => CallFilter.All,
        };
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);

        var paged = new List<AuditCall>();
        CallCursor? cursor = null;
        do
        {
            CallPage page = await reader.CallsAsync(filter, cursor, limit: 7);
            paged.AddRange(page.Calls);
            cursor = page.Older;
        }
        while (cursor is not null);

        Assert.Equal(expected, paged.Count);
        Assert.Equal(paged.OrderByDescending(c => c.FirstSequence).Select(c => c.CallId).Distinct(), paged.Select(c => c.CallId));
        Assert.Equal(new CappedCount(expected, false), await reader.CountAsync(filter));
        CallFacets facets = await reader.FacetsAsync(filter);
        Assert.Equal(expected, facets.Facets.Single(f => f.Facet is CallFacet.Door).Values.Sum(v => v.Calls));
        CallHistogram histogram = await reader.HistogramAsync(filter, ledger.Time.Start.AddMinutes(-7), ledger.Time.GetUtcNow().AddDays(30));
        Assert.Equal(expected, histogram.Bars.Sum(b => b.Calls));
    }

    [Fact]
    public async Task Facet_counts_ignore_their_own_filter_only()
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);

        CallFacets facets = await reader.FacetsAsync(new CallFilter { Tools = ["Bash"], States = [CallState.Refused] });

        Assert.Equal([new FacetValue("Write", 20), new FacetValue("Bash", 10)], facets.Facets.Single(f => f.Facet is CallFacet.Tool).Values);
        Assert.Equal([("allowed", 10L), ("refused", 10L)], facets.Facets.Single(f => f.Facet is CallFacet.State).Values.Select(v => (v.Value, v.Calls)).Order());
    }

    [Fact]
    public async Task Sums_follow_every_change_of_a_call()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        var tokens = new JsonObject { ["inputTokens"] = 100, ["outputTokens"] = 20, ["cacheReadTokens"] = 3000, ["cacheCreationTokens"] = 5 };
        AuditDraft intent = Draft(EntryKind.MessageIntent, "m") with { Tool = null, Model = "claude-sonnet-4-5" };
        await writer.AppendAsync(intent);
        await writer.AppendAsync(intent with { Kind = EntryKind.MessageOutcome, Facts = tokens, Result = "completed" });
        await writer.AppendAsync(Draft(EntryKind.ActionDecided, "a", "deny"));
        await writer.AppendAsync(Draft(EntryKind.ActionRefused, "a"));
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);

        CallTotals totals = await reader.TotalsAsync(ledger.Time.Start, ledger.Time.Start.AddHours(1));
        DaySpend spend = Assert.Single(await reader.SpendAsync(ledger.Time.Start, ledger.Time.Start.AddHours(1)));
        AuditSession session = Assert.Single(await reader.SessionsAsync(null, null, null, null, 10));

        Assert.Equal(new CallTotals(1, 1, 0, 0, 1, 0, 0, 0, 0, 100, 20, 3000, 5), totals);
        Assert.Equal(new DaySpend(new DateOnly(2026, 3, 14), "claude-sonnet-4-5", intent.Actor, 1, 100, 20, 3000, 5), spend);
        Assert.Equal((1L, 1L, 1L, 100L), (session.Requests, session.Actions, session.Refused, session.InputTokens));
    }

    [Fact]
    public async Task Cancelled_question_stops_at_once_and_the_reader_goes_on()
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        using var gone = new CancellationTokenSource();
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reader.CountAsync(CallFilter.All, gone.Token));

        Assert.Equal(60, (await reader.CountAsync(CallFilter.All)).Count);
    }

    [Fact]
    public async Task Question_beyond_its_limit_is_stopped_with_advice()
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        using var queries = new QueryRunner(ledger.Files.Database, ledger.Files.Search, concurrency: 1);

        var slow = await Assert.ThrowsAsync<LedgerQueryTimeoutException>(() => queries.RunAsync(
            static q => LedgerConnection.ScalarNumber(q.Connection, "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"),
            TimeSpan.FromMilliseconds(50), CancellationToken.None));

        Assert.Contains("Narrow it", slow.Message, StringComparison.Ordinal);
        Assert.Equal(60, await queries.RunAsync(static q => q.Context.Calls.Count(), TimeSpan.FromSeconds(30), CancellationToken.None));
    }

    [Theory]
    [InlineData("quarterly revenue", 2)]
    [InlineData("\"revenue quarterly\"", 1)]
    [InlineData("reven*", 2)]
    [InlineData("zürich", 1)]
    [InlineData("ZURICH", 1)]
    [InlineData("order_items", 1)]
    [InlineData("orders.sql", 3)]
    [InlineData("nothing", 0)]
    [InlineData("\" OR * NEAR( )^ body:x", 0)]
    public async Task Words_are_found_in_subjects_and_payloads(string text, int expected)
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        await writer.AppendAsync(Draft(EntryKind.ReviewOpened, "a", payloads: new AuditPayload("after", "text/plain", "SELECT quarterly, revenue FROM order_items")));
        await writer.AppendAsync(Draft(EntryKind.ReviewVerdict, "a", "edited", payloads: new AuditPayload("edited", "text/plain", "-- Zürich")));
        await writer.AppendAsync(Draft(EntryKind.ReviewOpened, "b", payloads: new AuditPayload("after", "text/plain", new string(' ', 40_000) + "the revenue quarterly")));
        await writer.AppendAsync(Draft(EntryKind.ReviewOpened, "c", payloads: new AuditPayload("after", "text/plain", "other")));
        await ledger.CloseAsync();
        using (SearchIndex index = SearchIndex.Open(ledger.Files))
        {
            while (index.Fill())
            {
            }
        }
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        var filter = new CallFilter { Text = text };

        Assert.Equal(expected, (await reader.CallsAsync(filter, null, 10)).Calls.Length);
        Assert.Equal(expected, (await reader.CountAsync(filter with { From = ledger.Time.Start, SessionId = "session-1" })).Count);
        Assert.Equal(expected, (await reader.FacetsAsync(filter)).Facets.Single(f => f.Facet is CallFacet.State).Values.Sum(v => v.Calls));
    }

    [Fact]
    public async Task Missing_ledger_is_explained()
    {
        await using var ledger = new TemporaryLedger();
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);

        var missing = await Assert.ThrowsAsync<LedgerUnreadableException>(() => reader.HeadAsync());

        Assert.Contains("editorbridge serve", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reader_cannot_write()
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        using var connection = LedgerConnection.OpenReader(ledger.Files.Database);

        foreach (string sql in new[] { "DELETE FROM entries", "UPDATE calls SET state = 'allowed'", "CREATE TABLE t (x)", "DROP TRIGGER entries_no_delete" })
        {
            Assert.Throws<Microsoft.Data.Sqlite.SqliteException>(() => LedgerConnection.Execute(connection, sql));
        }
    }

    /// <summary>60 calls ten minutes apart: three tools, every other one refused, five sessions.</summary>
    private static async Task FillAsync(TemporaryLedger ledger)
    {
        LedgerWriter writer = ledger.Open();
        string[] tools = ["Bash", "Write", "Write"];
        for (int i = 0; i < 60; i++)
        {
            AuditDraft decided = Draft(EntryKind.ActionDecided, $"call-{i}", i % 2 == 0 ? "deny" : "allow") with { Tool = tools[i % 3], SessionId = $"session-{i % 5}" };
            await writer.AppendAllAsync([decided, decided with { Kind = i % 2 == 0 ? EntryKind.ActionRefused : EntryKind.ActionAdmitted, Result = null }]);
            ledger.Time.Advance(TimeSpan.FromMinutes(10));
        }
    }
}
