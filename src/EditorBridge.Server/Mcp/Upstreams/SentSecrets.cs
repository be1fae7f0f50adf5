using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Guard;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>
/// The secrets that were given to servers (headers, sign-ins, variables), and the tokens of this gateway's own clients. The gateway knows each of them exactly, so they are found in
/// whatever a server says, also where no form tells that they are secrets, and taken out before a client, another server, the ledger or the log gets them.
/// </summary>
/// <remarks>
/// Found are the value, whatever the case of its letters, and its spellings in base64, hexadecimal, an address and a JSON string. A server that recodes a value in a way of its own,
/// or gives it away in pieces, is not found out: it has the value, and this is no way to keep it from it.
/// </remarks>
internal sealed class SentSecrets
{
    public const string Placeholder = "[redacted:upstream-secret]";

    /// <summary>Shorter values are words, and data would be full of holes.</summary>
    private const int Shortest = 8;

    /// <summary>Values that one holder can have had, such as tokens that were renewed; the oldest go.</summary>
    private const int MostOfOne = 64;

    private readonly Lock _lock = new();
    private readonly ImmutableArray<string> _own;
    private readonly List<Holder> _holders = [];
    private volatile Known _known;

    public SentSecrets(StateFolder state)
    {
        _own = [.. Enum.GetValues<Client>().Select(client => ClientTokens.Of(state, client))];
        _known = Known.Of(_own);
    }

    /// <summary>Keeps values in mind until the holder is disposed of.</summary>
    public Holder Hold(IEnumerable<string> values)
    {
        var holder = new Holder(this);
        lock (_lock) _holders.Add(holder);
        holder.Add(values);
        return holder;
    }

    /// <summary>Whether a secret stands in the text, in any spelling known here.</summary>
    public bool Holds(string text) => _known.In(text);

    /// <summary>The text with a placeholder for each secret; the same string when there was none.</summary>
    public string Mask(string text) => _known.Mask(text, out _);

    /// <summary>Takes secrets out of a message, in place; answers how many. Its id stays: it says whose answer it is.</summary>
    public int Mask(JsonRpcMessage message)
    {
        var known = _known;
        switch (message)
        {
            case JsonRpcRequest request:
                return known.Mask(request.Params);
            case JsonRpcNotification notification:
                return known.Mask(notification.Params);
            case JsonRpcResponse response:
                // A result that is one text is no result, and what is said of it holds none of it.
                return known.Mask(response.Result);
            case JsonRpcError { Error: { } error }:
                error.Message = known.Mask(error.Message, out var found);
                var data = new JsonArray(JsonSerializer.SerializeToNode(error.Data));
                if (error.Data is null || known.Mask(data) is not (> 0 and var more)) return found;
                error.Data = data[0]?.DeepClone();
                return found + more;
            default:
                return 0;
        }
    }

    private void Renew()
    {
        lock (_lock) _known = Known.Of(_own.Concat(_holders.SelectMany(holder => holder.Values)));
    }

    /// <summary>Whoever has sent secrets: a connection.</summary>
    public sealed class Holder(SentSecrets secrets) : IDisposable
    {
        internal ImmutableArray<string> Values { get; private set; } = [];

        public void Add(params IEnumerable<string?> values)
        {
            lock (secrets._lock) Values = [.. Values.Concat(values.OfType<string>()).Distinct(StringComparer.Ordinal).TakeLast(MostOfOne)];
            secrets.Renew();
        }

        public void Dispose()
        {
            lock (secrets._lock) secrets._holders.Remove(this);
            secrets.Renew();
        }
    }

    /// <summary>All spellings at one moment. One pass over a text finds the first of them, however many there are.</summary>
    private sealed record Known(ImmutableArray<string> Spellings, SearchValues<string> Any)
    {
        public static Known Of(IEnumerable<string> values)
        {
            // The longest first: one spelling may begin with another.
            ImmutableArray<string> spellings = [.. values.Where(value => value.Length >= Shortest).SelectMany(SpellingsOf).Distinct(StringComparer.OrdinalIgnoreCase).OrderByDescending(spelling => spelling.Length)];
            return new Known(spellings, SearchValues.Create(spellings.AsSpan(), StringComparison.OrdinalIgnoreCase));
        }

        public bool In(string text) => text.AsSpan().ContainsAny(Any);

        public string Mask(string text, out int count)
        {
            count = 0;
            StringBuilder? masked = null;
            var rest = text.AsSpan();
            while (rest.IndexOfAny(Any) is >= 0 and var at)
            {
                masked ??= new StringBuilder(text.Length);
                masked.Append(rest[..at]).Append(Placeholder);
                rest = rest[at..];
                rest = rest[LengthAt(rest)..];
                count++;
            }

            return masked is null ? text : masked.Append(rest).ToString();
        }

        // Looked through as text first: a node that is looked into forgets a member that stands in it twice, and that has to be seen further on.
        public int Mask(JsonNode? node) => node is not null && MayHold(node) ? MaskWithin(node) : 0;

        private bool MayHold(JsonNode node)
        {
            try
            {
                return In(node.ToJsonString());
            }
            catch (Exception e) when (e is InvalidOperationException or ArgumentException)
            {
                // A string in it is no text.
                return true;
            }
        }

        private int MaskWithin(JsonNode? node) => node switch
        {
            JsonObject members => members.ToArray().Sum(member => MaskMember(members, member.Key, member.Value)),
            JsonArray items => Enumerable.Range(0, items.Count).Sum(i => items[i] is JsonValue value ? Masked(value, clean => items[i] = clean) : MaskWithin(items[i])),
            _ => 0,
        };

        private int MaskMember(JsonObject members, string name, JsonNode? value)
        {
            var found = value is JsonValue text ? Masked(text, clean => members[name] = clean) : MaskWithin(value);
            var clean = Mask(name, out var inName);
            if (inName == 0) return found;
            var kept = members[name]?.DeepClone();
            members.Remove(name);
            members[clean] = kept;
            return found + inName;
        }

        private int Masked(JsonValue value, Action<string> put)
        {
            if (value.GetValueKind() != JsonValueKind.String) return 0;
            string clean;
            int count;
            try
            {
                clean = Mask(value.GetValue<string>(), out count);
            }
            catch (InvalidOperationException)
            {
                // Half a character: what cannot be read cannot be looked through.
                (clean, count) = (Placeholder, 1);
            }

            if (count > 0) put(clean);
            return count;
        }

        private int LengthAt(ReadOnlySpan<char> text)
        {
            foreach (var spelling in Spellings)
                if (text.StartsWith(spelling, StringComparison.OrdinalIgnoreCase)) return spelling.Length;
            return 1;
        }
    }

    private static IEnumerable<string> SpellingsOf(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        yield return value;
        yield return Uri.EscapeDataString(value);
        yield return JavaScriptEncoder.Default.Encode(value);
        yield return JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value);
        yield return value.Replace("/", "\\/", StringComparison.Ordinal);
        yield return Convert.ToHexString(bytes);
        // Where it stands in a longer text, base64 has three spellings of it, by what comes before. The letters at its ends also tell of its neighbours and are left out.
        for (var before = 0; before < 3; before++)
        {
            var encoded = Convert.ToBase64String([.. new byte[before], .. bytes]);
            var inner = encoded[((before * 8 + 5) / 6)..((before + bytes.Length) * 8 / 6)];
            yield return inner;
            yield return inner.Replace('+', '-').Replace('/', '_');
        }
    }
}
