using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;

namespace EditorBridge.Ledger.Seeding;

/// <summary>One entry of a made call, some time after the call began.</summary>
internal readonly record struct SeedEntry(TimeSpan After, AuditDraft Draft);

/// <summary>Makes up calls as a team with agents would cause them, in the shapes the proxy and the gate write.</summary>
internal sealed class SeedStory(Random random)
{
    private static readonly string[] People = ["alice", "bob", "chen", "dana", "emeka", "farah", "goran", "hana"];
    private static readonly string[] Models = ["claude-sonnet-4-5", "claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-1"];
    private static readonly string[] Tables = ["RAW.ORDERS", "RAW.CUSTOMERS", "STAGING.PAYMENTS", "MART.DAILY_REVENUE", "MART.CHURN", "SANDBOX.TMP_EXPORT"];
    private static readonly string[] Files = ["models/orders.sql", "models/staging/stg_payments.sql", "models/marts/revenue.sql", "macros/dates.sql", "scripts/load.sh", "migrations/V42__orders.sql"];

    private static readonly ImmutableArray<Statement> Statements =
    [
        new("SELECT order_id, amount FROM {0} WHERE order_date >= '2026-01-01' LIMIT 100", "read", "none", "default.reads"),
        new("SELECT c.region, sum(o.amount) AS revenue\nFROM {0} o JOIN RAW.CUSTOMERS c ON c.id = o.customer_id\nGROUP BY c.region ORDER BY revenue DESC", "read", "low", "default.reads"),
        new("CREATE OR REPLACE VIEW {0}_V AS SELECT * FROM {0}", "ddl", "medium", "default.ddl"),
        new("INSERT INTO {0} SELECT * FROM {0}_STAGE", "write", "medium", "default.writes"),
        new("MERGE INTO {0} t USING {0}_STAGE s ON t.id = s.id WHEN MATCHED THEN UPDATE SET t.amount = s.amount", "write", "medium", "default.writes"),
        new("UPDATE {0} SET status = 'closed' WHERE status = 'open'", "write", "high", "default.writes"),
        new("DELETE FROM {0}", "write", "critical", "team.no-unbounded-deletes"),
        new("DROP TABLE {0}", "ddl", "critical", "managed.no-drops-in-production"),
        new("GRANT SELECT ON ALL TABLES IN SCHEMA MART TO ROLE ANALYST", "grant", "high", "managed.grants"),
        new("COPY INTO @EXPORT_STAGE FROM {0}", "unload", "high", "managed.egress"),
    ];

    private string _session = "";
    private string _agent = "";
    private string _model = "";
    private int _leftInSession;

    private sealed record Statement(string Sql, string Class, string Severity, string Rule);

    /// <summary>The entries of the next call, in order.</summary>
    public SeedEntry[] Next(int number)
    {
        if (_leftInSession-- <= 0)
        {
            _session = new Guid(random.Next(), (short)random.Next(), (short)random.Next(), 1, 2, 3, 4, 5, 6, 7, (byte)number).ToString();
            _agent = $"agent:claude-code/{People[random.Next(People.Length)]}";
            _model = Models[random.Next(Models.Length)];
            _leftInSession = random.Next(5, 60);
        }
        string call = $"seed-{number:x8}";
        return random.Next(100) < 45 ? Request(call) : Action(call, number);
    }

    private SeedEntry[] Request(string call)
    {
        AuditDraft intent = new()
        {
            Kind = EntryKind.MessageIntent,
            CallId = call,
            SessionId = _session,
            Actor = _agent,
            Door = "proxy",
            Model = _model,
            Result = "intent",
            Facts = new JsonObject { ["askedModel"] = _model, ["bytes"] = random.Next(2_000, 300_000), ["messages"] = random.Next(1, 80), ["stream"] = true, ["tools"] = 17 },
        };
        int fate = random.Next(1000);
        if (fate < 2)
        {
            return [new(TimeSpan.Zero, intent), new(TimeSpan.FromMinutes(random.Next(1, 30)), intent with { Kind = EntryKind.OutcomeUnknown, Actor = "host", Result = "unknown", Facts = null })];
        }
        int duration = 800 + random.Next(30_000);
        var (written, read, input) = (random.Next(0, 4_000), random.Next(0, 120_000), random.Next(50, 9_000));
        return
        [
            new(TimeSpan.Zero, intent),
            new(TimeSpan.FromMilliseconds(duration), intent with
            {
                Kind = EntryKind.MessageOutcome,
                Result = fate < 20 ? "failed" : fate < 40 ? "client_gone" : "done",
                Facts = new JsonObject
                {
                    ["cacheCreationTokens"] = written,
                    ["cacheReadTokens"] = read,
                    ["durationMs"] = duration,
                    ["inputTokens"] = input,
                    ["outputTokens"] = random.Next(20, 3_000),
                    ["promptEstimate"] = (input + read + written) * (92 + (duration % 13)) / 100,
                    ["requestId"] = new Guid(random.Next(), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10).ToString(),
                    ["status"] = fate < 20 ? 529 : 200,
                    ["stopReason"] = random.Next(2) == 0 ? "tool_use" : "end_turn",
                },
            }),
        ];
    }

    private SeedEntry[] Action(string call, int number)
    {
        // Most of what agents run reads; the risky statements are the rare ones.
        Statement statement = Statements[random.Next(100) < 72 ? random.Next(2) : random.Next(2, Statements.Length)];
        string sql = string.Format(System.Globalization.CultureInfo.InvariantCulture, statement.Sql, Tables[random.Next(Tables.Length)]);
        bool writesFile = random.Next(100) < 40;
        string file = Files[random.Next(Files.Length)];
        string input = writesFile
            ? JsonSerializer.Serialize(new { content = $"-- {file}, change {number}\n{sql};\n", file_path = "/home/dev/warehouse/" + file })
            : JsonSerializer.Serialize(new { sql });
        string effect = statement.Class is "read" ? "allow" : statement.Severity is "critical" && random.Next(3) > 0 ? "deny" : "review";
        var draft = new AuditDraft
        {
            Kind = EntryKind.ActionAdmitted,
            CallId = call,
            SessionId = _session,
            Actor = _agent,
            Door = writesFile ? "hook" : random.Next(4) == 0 ? "stream" : "mcp",
            Tool = writesFile ? (random.Next(2) == 0 ? "Write" : "Edit") : "mcp__snowflake__execute_sql",
            ToolUseId = $"toolu_seed{number:x8}",
            Subject = (writesFile ? $"Write {file}: " : "") + sql.Split('\n')[0],
            Severity = statement.Severity,
            Facts = Facts(statement, effect, call),
        };
        var payload = new AuditPayload("input", "application/json", input);
        return effect switch
        {
            "allow" => Released(draft with { Result = "allow", Payloads = [payload] }, TimeSpan.FromMilliseconds(2)),
            "deny" => [new(TimeSpan.FromMilliseconds(2), draft with { Kind = EntryKind.ActionRefused, Result = "deny", Payloads = [payload] })],
            _ => Reviewed(draft, payload, sql, writesFile),
        };
    }

    private SeedEntry[] Reviewed(AuditDraft draft, AuditPayload input, string sql, bool writesFile)
    {
        AuditPayload[] shown = writesFile
            ? [input, new("before", "text/plain", "SELECT 1;\n"), new("after", "text/plain", sql + ";\n")]
            : [input, new("proposed", "text/plain", sql)];
        SeedEntry opened = new(TimeSpan.FromMilliseconds(3), draft with { Kind = EntryKind.ReviewOpened, Result = "review", Payloads = [.. shown] });
        TimeSpan waited = TimeSpan.FromSeconds(2 + (random.NextDouble() * random.NextDouble() * 600));
        int fate = random.Next(100);
        if (fate < 6)
        {
            TimeSpan expired = TimeSpan.FromMinutes(15);
            return
            [
                opened,
                new(expired, draft with { Kind = EntryKind.ReviewExpired, Actor = "host", Result = "expired" }),
                new(expired, draft with { Kind = EntryKind.ActionRefused, Result = "deny" }),
            ];
        }
        string result = fate < 20 ? "rejected" : fate < 32 ? "edited" : "approved";
        SeedEntry verdict = new(waited, draft with
        {
            Kind = EntryKind.ReviewVerdict,
            Actor = "person:" + People[random.Next(People.Length)],
            Result = result,
            Payloads = result is "edited" ? [new("edited", "text/plain", sql.Replace("DELETE FROM", "-- DELETE FROM", StringComparison.Ordinal) + "\nLIMIT 1000")] : [],
        });
        return result is "rejected"
            ? [opened, verdict, new(waited, draft with { Kind = EntryKind.ActionRefused, Result = "deny" })]
            : [opened, verdict, .. Released(draft with { Result = result is "edited" ? "edited" : "allow" }, waited)];
    }

    private SeedEntry[] Released(AuditDraft draft, TimeSpan at)
    {
        int duration = random.Next(20, 4_000);
        bool failed = random.Next(100) < 3;
        return
        [
            new(at, draft),
            new(at + TimeSpan.FromMilliseconds(duration), draft with
            {
                Kind = EntryKind.ActionOutcome,
                Result = failed ? "failed" : "done",
                Facts = new JsonObject { ["durationMs"] = duration, ["queryId"] = draft.Door is "mcp" ? $"01b2{random.Next():x8}-0000-{random.Next():x8}" : null },
                Payloads = [],
            }),
        ];
    }

    private static JsonObject Facts(Statement statement, string effect, string call) => new()
    {
        ["class"] = statement.Class,
        ["effect"] = effect,
        ["inputDigest"] = CanonicalJson.Digest(call),
        ["policyVersion"] = "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed",
        ["reviewId"] = effect is "review" ? "r-" + call : null,
        ["rules"] = new JsonArray(new JsonObject
        {
            ["description"] = $"Statements of class {statement.Class}",
            ["effect"] = effect,
            ["id"] = statement.Rule,
            ["layer"] = statement.Rule.Split('.')[0],
        }),
        ["summary"] = $"Rule {statement.Rule} says {effect}.",
    };
}
