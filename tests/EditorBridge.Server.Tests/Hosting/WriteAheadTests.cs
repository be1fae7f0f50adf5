using System.Diagnostics.Tracing;
using System.Net;
using EditorBridge.Guard;
using EditorBridge.Server.Tests.Ledger;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Server.Tests.Hosting;

/// <summary>Many at once, every request that leaves for the account has its intent in the ledger already (portal test plan A1).</summary>
public sealed class WriteAheadTests
{
    private const int Side = 64;

    [Fact]
    public async Task Every_request_that_leaves_has_its_intent_recorded_before()
    {
        await using var fixture = new HostFixture();
        await fixture.InitializeAsync();
        var rounds = (Soak.Is ? 10_000 : 640) / Side;
        using var watch = new SendWatch(fixture);
        using var http = fixture.Client(Client.Claude);
        http.DefaultRequestHeaders.Add("anthropic-version", "2023-06-01");

        await Task.WhenAll(Enumerable.Range(0, Side).Select(async caller =>
        {
            for (var i = 0; i < rounds; i++)
            {
                using var body = HostFixture.Json(new { model = "claude-sonnet-4-5", max_tokens = 20, messages = new[] { new { role = "user", content = $"{caller}/{i}" } } });
                using var response = await http.PostAsync("/v1/messages", body);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }
        }));

        Assert.Equal((Side * rounds, 0), (watch.Sent, watch.Early));
    }

    /// <summary>Counts, at the moment each request is begun in this process, what another reader of the ledger's file sees.</summary>
    private sealed class SendWatch(HostFixture fixture) : EventListener
    {
        private readonly int _account = fixture.Account.BaseAddress.Port;
        // A connection of its own, and no thread of the pool: it stands in the way of the very request it watches.
        private readonly SqliteConnection _ledger = Opened(Path.Combine(fixture.State.LedgerFolder, "ledger.db"));
        private readonly Lock _lock = new();
        private long _read;
        private long _intents;

        public int Sent { get; private set; }

        /// <summary>How many were begun when fewer intents than requests stood in the file.</summary>
        public int Early { get; private set; }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "System.Net.Http") EnableEvents(eventSource, EventLevel.Informational);
        }

        // RequestStart: scheme, host, port, path, version …
        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData is not { EventName: "RequestStart", Payload: [_, _, int port, string path, ..] } || port != _account || !path.EndsWith("/messages", StringComparison.Ordinal)) return;
            lock (_lock)
            {
                using var query = _ledger.CreateCommand();
                query.CommandText = "SELECT count(*) FILTER (WHERE kind = 'message.intent'), coalesce(max(sequence), $read) FROM entries WHERE sequence > $read";
                query.Parameters.AddWithValue("$read", _read);
                using var row = query.ExecuteReader();
                row.Read();
                _intents += row.GetInt64(0);
                _read = row.GetInt64(1);
                if (_intents < ++Sent) Early++;
            }
        }

        public override void Dispose()
        {
            base.Dispose();
            _ledger.Dispose();
        }

        private static SqliteConnection Opened(string file)
        {
            var connection = new SqliteConnection($"Data Source={file};Mode=ReadOnly;Pooling=False");
            connection.Open();
            return connection;
        }
    }
}
