using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;

namespace EditorBridge.Core.Tests.Audit;

public class RedactionTests
{
    /// <summary>Stands inside every secret below; must be nowhere afterwards.</summary>
    private const string Canary = "CaNaRy7391xY";

    public static readonly TheoryData<string, string> Secrets = new()
    {
        { "anthropic-key", $"export ANTHROPIC_API_KEY=sk-ant-api03-{Canary}-abcdefgh" },
        { "anthropic-key", $"x-api-key: sk-ant-api03-{Canary}" },
        { "api-key", $"use sk-proj-{Canary}{Canary} please" },
        { "github-token", $"git clone with ghp_{Canary}{Canary}{Canary}" },
        { "github-token", $"github_pat_{Canary}_{Canary}" },
        { "aws-key", "key AKIACANARY7391XYABCD here" },
        { "jwt", $"pat eyJhbGciOi{Canary}.eyJzdWIi{Canary}.c2ln{Canary}" },
        { "bearer", $"Authorization: Bearer {Canary}.opaque~token" },
        { "bearer", $$"""{"headers":{"authorization":"Bearer {{Canary}}=="} }""" },
        { "basic", $"Authorization: Basic {Canary}==" },
        { "snowflake-session", $"Authorization: Snowflake Token=\"{Canary}\"" },
        { "snowflake-session", $"ver:1-hint:92019-ETMsDgAA{Canary}abcdefghij" },
        { "url-password", $"postgres://bob:{Canary}@db.example/x" },
        { "url-password", $"https://bob:p@{Canary}@proxy:8080" },
        { "sas-signature", $"azure://c.blob.core.windows.net/x?sv=1&sig={Canary}%2Babcd" },
        { "private-key", $"-----BEGIN PRIVATE KEY-----\nMIIE{Canary}\n{Canary}==\n-----END PRIVATE KEY-----" },
        { "private-key", $"-----BEGIN RSA PRIVATE KEY-----\\nMIIE{Canary}\\n{Canary}==\\n-----END RSA PRIVATE KEY-----" },
        { "private-key", $"cut: -----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE{Canary}\n{Canary}" },
        { "private-key", $"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n\n{Canary}\n-----END RSA PRIVATE KEY-----" },
        { "credentials", $"COPY INTO t FROM 's3://b' CREDENTIALS = (AWS_KEY_ID='x' AWS_SECRET_KEY='{Canary}')" },
        { "credentials", $"create stage s url='azure://x' credentials=(AZURE_SAS_TOKEN='?{Canary}(1)')" },
        { "secret", $"CREATE USER bob PASSWORD = '{Canary}' DEFAULT_ROLE = 'R'" },
        { "secret", $"CREATE USER bob PASSWORD='it''s {Canary}' X" },
        { "secret", $"ALTER USER bob SET PASSWORD=$${Canary}$$" },
        { "secret", $"CREATE SECRET s TYPE=GENERIC_STRING SECRET_STRING='{Canary}'" },
        { "secret", $"ENCRYPTION=(TYPE='AWS_CSE' MASTER_KEY='{Canary}')" },
        { "secret", $"OAUTH_CLIENT_SECRET = '{Canary}'" },
        { "password", $"CREATE USER bob PASSWORD '{Canary}'" },
        { "secret", $$"""{"password":"{{Canary}}","user":"bob"}""" },
        { "secret", $$"""{"client_secret" : "a\"{{Canary}}\"b"}""" },
        { "secret", $$"""{"text":"{\"password\": \"{{Canary}}\"}"}""" },
        { "secret", $$"""{"text":"{\"token\": \"a\\\"{{Canary}}\"}"}""" },
        { "secret", $$"""{"sql":"CREATE USER a PASSWORD='x\"{{Canary}}'"}""" },
        { "secret", $"Server=x;User Id=bob;Password={Canary};Encrypt=true" },
        { "secret", $"AccountName=a;AccountKey={Canary}==;EndpointSuffix=x" },
        { "secret", $"SNOWFLAKE_PASSWORD={Canary} snowsql" },
        { "secret", $"password: {Canary}\nuser: bob" },
        { "secret", $"private_key_passphrase = \"{Canary}\"" },
        { "secret", $"snow sql --private-key-passphrase {Canary} -q x" },
        { "secret", $"tool --token='{Canary}'" },
        { "secret", $"cut off PASSWORD='{Canary}" },
    };

    [Theory]
    [MemberData(nameof(Secrets))]
    public void Secret_is_replaced_by_its_type(string type, string text)
    {
        string redacted = Redaction.Redact(text);

        Assert.DoesNotContain(Canary, redacted, StringComparison.OrdinalIgnoreCase);
        Assert.Contains($"[redacted:{type}]", redacted, StringComparison.Ordinal);
        Assert.Equal(redacted, Redaction.Redact(redacted));
    }

    [Theory]
    [MemberData(nameof(Secrets))]
    public void Secret_inside_json_is_replaced_and_the_json_stays_json(string type, string text)
    {
        string once = JsonSerializer.Serialize(new Dictionary<string, string> { ["command"] = text, ["after"] = "kept" });
        string twice = JsonSerializer.Serialize(new Dictionary<string, string> { ["body"] = once });
        foreach (string json in new[] { once, twice })
        {
            string redacted = Redaction.Redact(json);

            Assert.DoesNotContain(Canary, redacted, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("[redacted:", redacted, StringComparison.Ordinal);
            using JsonDocument document = JsonDocument.Parse(redacted);
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
        }
        Assert.NotEmpty(type);
    }

    [Theory]
    [InlineData("SELECT id, name FROM orders WHERE status = 'open' -- key columns")]
    [InlineData("""{"max_tokens":1024,"usage":{"input_tokens":12345,"output_tokens":678901}}""")]
    [InlineData("""{"tool_use_id":"toolu_01ABCDEFGHIJKLMNOPQRSTUVWX","name":"Write"}""")]
    [InlineData("CREATE TABLE t (id INT PRIMARY KEY, k VARCHAR)")]
    [InlineData("GRANT SELECT ON ALL TABLES IN SCHEMA s TO ROLE analyst")]
    [InlineData("git commit -m 'Rotate the keys' --signoff")]
    [InlineData("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("https://example.com/path?x=1 and mail bob@example.com")]
    public void Text_without_secrets_is_left_alone(string text) => Assert.Same(text, Redaction.Redact(text));

    [Fact]
    public void Every_text_of_a_draft_is_redacted()
    {
        string secret = $"Bearer {Canary}";
        var draft = new AuditDraft
        {
            Kind = EntryKind.Incident,
            CallId = "c",
            SessionId = secret,
            Actor = secret,
            Door = secret,
            Tool = secret,
            ToolUseId = secret,
            Model = secret,
            Subject = secret,
            Result = secret,
            Severity = secret,
            Facts = new JsonObject { ["a"] = secret, ["b"] = new JsonArray(secret, new JsonObject { ["c"] = secret }), ["n"] = 7, ["x"] = null },
            Payloads = [new AuditPayload("input", "text/plain", secret)],
        };

        AuditDraft clean = Redaction.Apply(draft);

        Assert.DoesNotContain(Canary, JsonSerializer.Serialize(clean), StringComparison.Ordinal);
        Assert.Equal(7, clean.Facts!["n"]!.GetValue<int>());
        Assert.Contains(Canary, draft.Facts!["a"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_replaced_as_the_database_would()
    {
        var draft = new AuditDraft { Kind = EntryKind.Incident, CallId = "c", Actor = "host", Subject = "a" + (char)0xD83D + "b😀" };

        Assert.Equal("a\uFFFDb😀", Redaction.Apply(draft).Subject);
    }

    [Theory]
    [InlineData("PASSWORD=")]
    [InlineData("-----BEGIN PRIVATE KEY-----")]
    [InlineData("credentials=('")]
    [InlineData("\"token\":\"\\")]
    [InlineData("a://b:c")]
    [InlineData("eyJaaaaaaaa.")]
    public void Hostile_repetition_takes_time_in_proportion_to_its_length(string part)
    {
        string small = string.Concat(Enumerable.Repeat(part, 20_000 / part.Length));
        string large = string.Concat(Enumerable.Repeat(part, 2_000_000 / part.Length));
        Redaction.Redact(small);
        long started = Stopwatch.GetTimestamp();
        Redaction.Redact(large);

        // A pattern that backtracks would need hours for this; the bound only tells these two worlds apart.
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(5));
    }
}
