using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace EditorBridge.Audit;

/// <summary>
/// Takes secrets out of a draft before anything is written, in every content mode: what never reached the ledger cannot leak from it.
/// A placeholder names the type of what stood there. The forms are in <see cref="SecretPatterns"/>.
/// </summary>
/// <remarks>
/// It errs towards taking out too much: a word after <c>password =</c> goes even if it was only a column. What runs is never touched,
/// only what is recorded. A text that is JSON is looked at value by value, so no way of escaping hides a secret, and stays the same
/// JSON byte for byte around what was taken out.
/// </remarks>
public static class Redaction
{
    /// <summary>JSON in strings of JSON in strings…: deeper ones are looked at as plain text.</summary>
    private const int DeepestJson = 6;

    /// <summary>The draft with every secret replaced, and every text as UTF-8 can carry it.</summary>
    public static AuditDraft Apply(AuditDraft draft) => draft with
    {
        CallId = CanonicalText.WellFormed(draft.CallId),
        SessionId = Text(draft.SessionId),
        Actor = Text(draft.Actor)!,
        Door = Text(draft.Door),
        Tool = Text(draft.Tool),
        ToolUseId = Text(draft.ToolUseId),
        Model = Text(draft.Model),
        Subject = Text(draft.Subject),
        Result = Text(draft.Result),
        Severity = Text(draft.Severity),
        Facts = draft.Facts is null ? null : (JsonObject)Node(draft.Facts)!,
        Payloads = draft.Payloads.IsDefaultOrEmpty
            ? []
            : [.. draft.Payloads.Select(static p => new AuditPayload(CanonicalText.WellFormed(p.Name), CanonicalText.WellFormed(p.MediaType), Text(p.Text)!))],
    };

    /// <summary>The text with every secret replaced by <c>[redacted:type]</c>; the same string when there was none.</summary>
    public static string Redact(string text) => Redact(text, DeepestJson);

    /// <summary>
    /// The text without secrets whose own form tells that they are secrets: keys, tokens, private keys. A word after <c>password =</c> stays, because a program's text would not be
    /// the same program without it. The same string when there was none.
    /// </summary>
    /// <param name="count">How many were replaced.</param>
    public static string RedactKnownForms(string text, out int count)
    {
        count = 0;
        if (text.AsSpan().IndexOfAny(SecretPatterns.AnyAnchor) < 0) return text;
        foreach (SecretPattern pattern in SecretPatterns.All)
        {
            if (pattern.HasOwnForm && pattern.MayOccurIn(text))
            {
                text = Replace(text, pattern, out int replaced);
                count += replaced;
            }
        }
        return text;
    }

    /// <summary>Whether what is called so is a secret: <c>SNOWFLAKE_PASSWORD</c>, <c>clientSecret</c>, <c>X-Api-Key</c>.</summary>
    public static bool IsSecretName(string name) => SecretPatterns.IsSecretName(name);

    /// <summary>Whether a secret of this type, as placeholders name it, is told by its own form and not by the words around it.</summary>
    public static bool HasOwnForm(string type) => SecretPatterns.All.Any(pattern => pattern.Type == type && pattern.HasOwnForm);

    private static string Redact(string text, int deepest)
    {
        if (deepest > 0 && LooksLikeJson(text))
        {
            return RedactJson(text, deepest) ?? RedactPlain(text);
        }
        return RedactPlain(text);
    }

    private static string RedactPlain(string text)
    {
        if (text.AsSpan().IndexOfAny(SecretPatterns.AnyAnchor) < 0)
        {
            return text;
        }
        foreach (SecretPattern pattern in SecretPatterns.All)
        {
            if (pattern.MayOccurIn(text))
            {
                text = Replace(text, pattern, out _);
            }
        }
        return text;
    }

    private static string Replace(string text, SecretPattern pattern, out int count)
    {
        count = 0;
        StringBuilder? output = null;
        int copied = 0;
        foreach (ValueMatch match in pattern.Introduction.EnumerateMatches(text))
        {
            if (match.Index < copied)
            {
                continue;
            }
            (int start, int length) = pattern.Read(text, match.Index, match.Index + match.Length).GetOffsetAndLength(text.Length);
            if (length > 0)
            {
                output ??= new StringBuilder(text.Length);
                output.Append(text, copied, start - copied).Append("[redacted:").Append(pattern.Type).Append(']');
                copied = start + length;
                count++;
            }
        }
        return output is null ? text : output.Append(text, copied, text.Length - copied).ToString();
    }

    private static bool LooksLikeJson(string text)
    {
        ReadOnlySpan<char> trimmed = text.AsSpan().Trim();
        return trimmed.Length > 1 && trimmed[0] is '{' or '[' && trimmed[^1] is '}' or ']';
    }

    /// <summary>Null when the text is not JSON after all.</summary>
    private static string? RedactJson(string text, int deepest)
    {
        byte[] json = Encoding.UTF8.GetBytes(text);
        var output = new ArrayBufferWriter<byte>();
        try
        {
            int copied = WriteRedacted(json, output, deepest);
            if (copied == 0)
            {
                return text;
            }
            output.Write(json.AsSpan(copied));
            return Encoding.UTF8.GetString(output.WrittenSpan);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or a string in it is not Unicode: plain patterns still find what they find.
            return null;
        }
    }

    /// <summary>Writes all up to the end of the last replaced string and returns how far that is; 0 when nothing was replaced.</summary>
    private static int WriteRedacted(byte[] json, ArrayBufferWriter<byte> output, int deepest)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 512 });
        int copied = 0;
        bool secretMember = false;
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
            {
                secretMember = false;
                continue;
            }
            string value = reader.GetString()!;
            bool isName = reader.TokenType is JsonTokenType.PropertyName;
            string clean = secretMember && !isName && value.Length > 0 ? WholeSecret(value) : Redact(value, isName ? 0 : deepest - 1);
            secretMember = isName && SecretPatterns.IsSecretName(value);
            if (clean != value)
            {
                int start = (int)reader.TokenStartIndex;
                output.Write(json.AsSpan(copied, start - copied));
                CanonicalText.WriteString(output, clean);
                copied = start + reader.ValueSpan.Length + 2;
            }
        }
        return copied;
    }

    /// <summary>The value of a member with a secret's name; the more telling placeholder when the value has a known form.</summary>
    private static string WholeSecret(string value) => RedactPlain(value) is var clean && clean.Contains("[redacted:", StringComparison.Ordinal) ? clean : "[redacted:secret]";

    private static string? Text(string? text) => text is null ? null : Redact(CanonicalText.WellFormed(text));

    private static JsonNode? Node(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Select(static m => KeyValuePair.Create(m.Key, Node(m.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Node)]),
        JsonValue value when value.GetValueKind() is JsonValueKind.String => JsonValue.Create(Text(value.GetValue<string>())),
        _ => node?.DeepClone(),
    };
}
