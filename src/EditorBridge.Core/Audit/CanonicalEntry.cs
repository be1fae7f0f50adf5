using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;

namespace EditorBridge.Audit;

/// <summary>
/// The bytes of an entry that get hashed: one JSON object in the spelling of RFC 8785. docs/audit-format.md is the specification,
/// tests/vectors/audit holds cases for other implementations.
/// </summary>
/// <remarks>A member without a value is left out, never null: an absent value has one spelling.</remarks>
public static class CanonicalEntry
{
    /// <summary>The value of <c>v</c>. A change of the encoding is a new number; a verifier refuses numbers it does not know.</summary>
    public const int Version = 1;

    /// <summary>Writes the canonical bytes.</summary>
    /// <param name="draft">Already redacted and well-formed; its payload texts and <see cref="AuditDraft.Facts"/> are not read.</param>
    /// <param name="facts">The canonical text of the facts, null when there are none.</param>
    /// <param name="previousHash">32 bytes.</param>
    public static void Write(
        ArrayBufferWriter<byte> output, AuditDraft draft, long sequence, DateTimeOffset at, string? facts,
        ImmutableArray<SealedPayload> payloads, ReadOnlySpan<byte> previousHash)
    {
        // The members are in the order RFC 8785 sorts them.
        CanonicalText.WriteAscii(output, "{");
        WriteMember(output, "actor", draft.Actor);
        WriteMember(output, "at", Time(at));
        WriteMember(output, "call", draft.CallId);
        WriteMember(output, "door", draft.Door);
        if (facts is not null)
        {
            CanonicalText.WriteAscii(output, "\"facts\":");
            CanonicalText.WriteAscii(output, facts);
            CanonicalText.WriteAscii(output, ",");
        }
        WriteMember(output, "kind", draft.Kind.WireName());
        WriteMember(output, "model", draft.Model);
        WritePayloads(output, payloads);
        WriteMember(output, "previous", Convert.ToHexStringLower(previousHash));
        WriteMember(output, "result", draft.Result);
        CanonicalText.WriteAscii(output, string.Create(CultureInfo.InvariantCulture, $"\"sequence\":{sequence},"));
        WriteMember(output, "session", draft.SessionId);
        WriteMember(output, "severity", draft.Severity);
        WriteMember(output, "subject", draft.Subject);
        WriteMember(output, "tool", draft.Tool);
        WriteMember(output, "toolUse", draft.ToolUseId);
        CanonicalText.WriteAscii(output, string.Create(CultureInfo.InvariantCulture, $"\"v\":{Version}}}"));
    }

    /// <summary>RFC 3339 in UTC with exactly three digits of a second: the one spelling of a time in the chain.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static void WritePayloads(ArrayBufferWriter<byte> output, ImmutableArray<SealedPayload> payloads)
    {
        if (payloads.IsDefaultOrEmpty)
        {
            return;
        }
        CanonicalText.WriteAscii(output, "\"payloads\":[");
        for (int i = 0; i < payloads.Length; i++)
        {
            SealedPayload payload = payloads[i];
            CanonicalText.WriteAscii(output, string.Create(
                CultureInfo.InvariantCulture,
                $"{(i > 0 ? "," : "")}{{\"bytes\":{payload.Bytes},\"commitment\":\"{Convert.ToHexStringLower(payload.Commitment.AsSpan())}\",\"media\":"));
            CanonicalText.WriteString(output, payload.MediaType);
            CanonicalText.WriteAscii(output, ",\"name\":");
            CanonicalText.WriteString(output, payload.Name);
            CanonicalText.WriteAscii(output, "}");
        }
        CanonicalText.WriteAscii(output, "],");
    }

    private static void WriteMember(ArrayBufferWriter<byte> output, string name, string? value)
    {
        if (value is null)
        {
            return;
        }
        CanonicalText.WriteAscii(output, "\"");
        CanonicalText.WriteAscii(output, name);
        CanonicalText.WriteAscii(output, "\":");
        CanonicalText.WriteString(output, value);
        CanonicalText.WriteAscii(output, ",");
    }
}
