using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Tests;

namespace EditorBridge.Core.Tests.Audit;

/// <summary>The cases every implementation of docs/audit-format.md must agree with; tests/vectors/audit/check.mjs runs the same ones in Node.</summary>
public class AuditVectorTests
{
    [Fact]
    public void Canonical_json_agrees_with_the_vectors()
    {
        foreach (JsonNode? vector in Load("canonical-json.json"))
        {
            string json = vector!["json"]!.GetValue<string>();
            CanonicalJson.TryCanonicalize(json, out string? canonical, out _);
            Assert.Equal((json, vector["canonical"]?.GetValue<string>()), (json, canonical));
        }
    }

    [Fact]
    public void Entries_agree_with_the_vectors()
    {
        var scratch = new ArrayBufferWriter<byte>();
        byte[] hash = new byte[HashChain.HashLength];
        foreach (JsonNode? vector in Load("entries.json"))
        {
            JsonObject entry = vector!["entry"]!.AsObject();
            string? facts = entry["facts"] is { } given ? CanonicalJson.Of(given) : null;
            var at = DateTimeOffset.Parse(Text(entry, "at")!, CultureInfo.InvariantCulture);

            HashChain.Hash(scratch, Draft(entry), entry["sequence"]!.GetValue<long>(), at, facts, Payloads(entry), Convert.FromHexString(Text(entry, "previous")!), hash);

            Assert.Equal(Text(vector, "canonical"), Encoding.UTF8.GetString(scratch.WrittenSpan));
            Assert.Equal(Text(vector, "hash"), Convert.ToHexStringLower(hash));
        }
    }

    [Fact]
    public void Commitments_agree_with_the_vectors()
    {
        foreach (JsonNode? vector in Load("commitments.json"))
        {
            var payload = new AuditPayload("input", "text/plain", Text(vector!, "text")!);
            SealedPayload sealedPayload = SealedPayload.Of(payload, Convert.FromHexString(Text(vector!, "salt")!));
            Assert.Equal(Text(vector!, "commitment"), Convert.ToHexStringLower(sealedPayload.Commitment.AsSpan()));
            Assert.Equal(Encoding.UTF8.GetByteCount(payload.Text), sealedPayload.Bytes);
        }
    }

    private static JsonArray Load(string name)
    {
        JsonArray vectors = JsonNode.Parse(File.ReadAllText(Vectors.PathOf("audit/" + name)))!.AsArray();
        Assert.NotEmpty(vectors);
        return vectors;
    }

    private static string? Text(JsonNode node, string member) => node[member]?.GetValue<string>();

    private static AuditDraft Draft(JsonObject entry) => new()
    {
        Kind = EntryKinds.TryParse(Text(entry, "kind")!, out EntryKind kind) ? kind : throw new JsonException("kind"),
        CallId = Text(entry, "call")!,
        SessionId = Text(entry, "session"),
        Actor = Text(entry, "actor")!,
        Door = Text(entry, "door"),
        Tool = Text(entry, "tool"),
        ToolUseId = Text(entry, "toolUse"),
        Model = Text(entry, "model"),
        Subject = Text(entry, "subject"),
        Result = Text(entry, "result"),
        Severity = Text(entry, "severity"),
    };

    private static ImmutableArray<SealedPayload> Payloads(JsonObject entry) =>
        entry["payloads"] is not JsonArray payloads
            ? []
            : [.. payloads.Select(p => new SealedPayload(
                Text(p!, "name")!, Text(p!, "media")!, p!["bytes"]!.GetValue<long>(), [.. Convert.FromHexString(Text(p, "commitment")!)]))];
}
