using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>Small changes to a body that is already on its way, byte for byte the same elsewhere.</summary>
public static class RequestBody
{
    /// <summary>
    /// The body with <c>max_tokens</c> lowered to a limit, and a thinking budget that would no longer fit lowered with it.
    /// Returns the body itself when it holds no larger <c>max_tokens</c>.
    /// </summary>
    public static ReadOnlyMemory<byte> WithMaxTokens(ReadOnlyMemory<byte> body, long limit)
    {
        var lowered = Lower(body, "max_tokens", limit);
        return limit > ThinkingRules.LeastBudget ? Lower(lowered, "budget_tokens", limit - 1) : lowered;
    }

    /// <summary>The value of the top-level <c>max_tokens</c>, or 0.</summary>
    public static long MaxTokens(ReadOnlyMemory<byte> body) => Find(body, "max_tokens", out _, out _);

    private static ReadOnlyMemory<byte> Lower(ReadOnlyMemory<byte> body, string member, long limit)
    {
        if (Find(body, member, out var start, out var length) <= limit)
        {
            return body;
        }
        byte[] lowered = [.. body.Span[..start], .. Encoding.ASCII.GetBytes(limit.ToString(CultureInfo.InvariantCulture)), .. body.Span[(start + length)..]];
        return lowered;
    }

    /// <summary>Finds a number at the top level, or one level down in <c>thinking</c>; -1 when there is none.</summary>
    private static long Find(ReadOnlyMemory<byte> body, string member, out int start, out int length)
    {
        start = length = 0;
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = WireJson.MaxDepth });
        try
        {
            var inThinking = false;
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName)
                {
                    continue;
                }
                var wanted = reader.CurrentDepth == 1 || (reader.CurrentDepth == 2 && inThinking);
                if (reader.CurrentDepth == 1)
                {
                    inThinking = reader.ValueTextEquals("thinking"u8);
                }
                if (wanted && reader.ValueTextEquals(member))
                {
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value))
                    {
                        start = (int)reader.TokenStartIndex;
                        length = reader.ValueSpan.Length;
                        return value;
                    }
                }
                else if (!(reader.CurrentDepth == 1 && inThinking))
                {
                    reader.Read();
                    reader.Skip();
                }
            }
        }
        catch (JsonException)
        {
            // Not JSON: nothing to lower.
        }
        return -1;
    }
}
