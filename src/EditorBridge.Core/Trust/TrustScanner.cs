using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using EditorBridge.Audit;
using EditorBridge.Sql;

namespace EditorBridge.Trust;

/// <summary>Something in a server's text that a person should know.</summary>
/// <param name="Id">Stable id of the list in docs/mcp-trust.md, such as <c>trust.bidirectional</c>.</param>
/// <param name="Severity">From <see cref="Severity.High"/> on a definition waits for a person.</param>
/// <param name="Message">One plain sentence.</param>
/// <param name="Place">Member names from the top, with dots; empty for a plain text.</param>
/// <param name="Excerpt">The text around it, hidden characters made visible, secrets taken out.</param>
public sealed record TrustFinding(string Id, Severity Severity, string Message, string Place, string Excerpt);

/// <summary>The door of the Trust room for text: what in a definition or a result speaks to the model, hides, or is a secret.</summary>
public static partial class TrustScanner
{
    private const int ExcerptLength = 160;
    private const int LongestText = 8 * 1024;
    private const int LargestDefinition = 64 * 1024;
    private const int DeepestSchema = 40;
    private const int MostNodes = 5_000;
    private const int MostFindings = 200;

    // Letters of other alphabets that look like Latin ones.
    private static readonly SearchValues<char> LooksLatin = SearchValues.Create("аеорсухіјѕԁһԛԝԍАВЕКМНОРСТУХІЈЅοΑΒΕΖΗΙΚΜΝΟΡΤΥΧ");

    /// <summary>Looks at a definition: every text in it, member names too, and its size and shape.</summary>
    /// <param name="others">Names of tools of other servers; a description that speaks of them steers their use.</param>
    public static ImmutableArray<TrustFinding> Definition(OfferedDefinition definition, IReadOnlyCollection<string> others)
    {
        var findings = ImmutableArray.CreateBuilder<TrustFinding>();
        if (definition.Kind is OfferedKind.Tool or OfferedKind.Prompt && !PlainName().IsMatch(definition.Name))
            findings.Add(new("trust.name", Severity.High, "The name holds more than letters, digits, '_', '-' and '.', or is too long.", "name", Excerpt(definition.Name, 0)));
        if (definition.Canonical.Length > LargestDefinition)
            findings.Add(new("trust.oversized", Severity.High, $"The definition is larger than {LargestDefinition / 1024} KB: most of it would be read by the model and by no person.", "", ""));
        using var document = JsonDocument.Parse(definition.Canonical, new JsonDocumentOptions { MaxDepth = 256 });
        var nodes = 0;
        Walk(document.RootElement, "", 0, (place, text, isName) =>
        {
            findings.AddRange(Text(text, place));
            if (text.Length > LongestText) findings.Add(new("trust.oversized", Severity.Medium, $"A text of more than {LongestText / 1024} KB stands here.", place, Excerpt(text, 0)));
            if (!isName) AddOfDefinition(findings, text, place, others);
        }, ref nodes, findings);
        if (nodes > MostNodes) findings.Add(new("trust.schema", Severity.High, $"The schema has more than {MostNodes} parts; checking an input against it could take very long.", "", ""));
        return [.. findings.Distinct().Take(MostFindings)];
    }

    /// <summary>Looks at what a tool answered: plain text, or JSON whose texts are looked at one by one.</summary>
    public static ImmutableArray<TrustFinding> Result(JsonElement result)
    {
        var findings = ImmutableArray.CreateBuilder<TrustFinding>();
        var nodes = 0;
        Walk(result, "", 0, (place, text, _) =>
        {
            if (findings.Count < MostFindings) findings.AddRange(Text(text, place));
        }, ref nodes, findings: null);
        return [.. findings.Distinct().Take(MostFindings)];
    }

    /// <summary>Looks at one text.</summary>
    public static IEnumerable<TrustFinding> Text(string text, string place = "")
    {
        foreach (var group in HiddenText.Find(text).GroupBy(hidden => hidden.Kind))
        {
            var first = group.First();
            yield return new TrustFinding(
                "trust." + JsonNamingPolicy.KebabCaseLower.ConvertName(group.Key.ToString()), group.Key == HiddenKind.Control && first.CodePoint != 0x1B ? Severity.Medium : Severity.High,
                $"{Hidden(group.Key)} ({group.Count()}, the first is U+{first.CodePoint:X4}).", place, Excerpt(text, first.Start));
        }

        if (Mixed(text) is { } mixed)
            yield return new TrustFinding("trust.homoglyph", Severity.High, "A word mixes alphabets so that it looks like another word.", place, Excerpt(text, mixed));

        var plain = Plain(text);
        foreach (var marker in InjectionMarkers.All)
        {
            if (marker.Phrase.Match(plain) is { Success: true } match)
                yield return new TrustFinding(marker.Id, marker.Severity, $"This text {marker.Message}.", place, Excerpt(plain, match.Index));
        }

        foreach (var type in Secrets(text))
            yield return new TrustFinding("trust.secret", Redaction.HasOwnForm(type) ? Severity.High : Severity.Low, $"A secret ({type}) stands in this text.", place, "");
    }

    private static void AddOfDefinition(ImmutableArray<TrustFinding>.Builder findings, string text, string place, IReadOnlyCollection<string> others)
    {
        var last = place[(place.LastIndexOf('.') + 1)..];
        if (last is "$ref" or "$dynamicRef" && !text.StartsWith('#'))
            findings.Add(new("trust.reference", Severity.High, "The schema refers to an address outside itself; it is never fetched.", place, Excerpt(text, 0)));
        if (last == "x-mcp-header")
            findings.Add(new("trust.header", Severity.Medium, "This argument is repeated in a header, where proxies and logs see it.", place, Excerpt(text, 0)));
        if (Encoded().Match(text) is { Success: true } encoded)
            findings.Add(new("trust.encoded", Severity.Medium, "A long piece of encoded data stands in a text meant for reading.", place, Excerpt(text, encoded.Index)));
        if (Address().Match(text) is { Success: true } address)
            findings.Add(new("trust.address", Severity.High, "An address that runs something, reads files or reaches into this network.", place, Excerpt(text, address.Index)));
        if (others.FirstOrDefault(other => other.Length > 5 && other.Contains('_') && Mentions(text, other)) is { } mentioned)
            findings.Add(new("trust.shadowing", Severity.Medium, $"This text speaks of {mentioned}, a tool of another server.", place, Excerpt(text, 0)));
    }

    private static bool Mentions(string text, string name)
    {
        for (var at = text.IndexOf(name, StringComparison.Ordinal); at >= 0; at = text.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            var end = at + name.Length;
            if ((at == 0 || !IsOfName(text[at - 1])) && (end == text.Length || !IsOfName(text[end]))) return true;
        }

        return false;

        static bool IsOfName(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
    }

    private static void Walk(JsonElement element, string place, int depth, Action<string, string, bool> see, ref int nodes, ImmutableArray<TrustFinding>.Builder? findings)
    {
        nodes++;
        if (depth == DeepestSchema + 1) findings?.Add(new("trust.schema", Severity.High, $"The definition is nested deeper than {DeepestSchema} levels.", place, ""));
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                {
                    var inner = place.Length == 0 ? member.Name : $"{place}.{member.Name}";
                    see(inner, member.Name, true);
                    Walk(member.Value, inner, depth + 1, see, ref nodes, findings);
                }

                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in element.EnumerateArray()) Walk(item, string.Create(CultureInfo.InvariantCulture, $"{place}[{index++}]"), depth + 1, see, ref nodes, findings);
                break;
            case JsonValueKind.String:
                see(place, element.GetString()!, false);
                break;
        }
    }

    // Full-width letters and those of the mathematical alphabets say the same to a model. Written out here because normalising depends on the platform's tables.
    private static string Plain(string text)
    {
        var stripped = HiddenText.Strip(text);
        if (!stripped.AsSpan().ContainsAnyInRange('\uFF01', '\uFF5E') && !stripped.Contains('\uD835', StringComparison.Ordinal)) return stripped;
        var plain = new StringBuilder(stripped.Length);
        foreach (var rune in stripped.EnumerateRunes())
        {
            plain.Append(rune.Value switch
            {
                >= 0xFF01 and <= 0xFF5E => ((char)(rune.Value - 0xFEE0)).ToString(),
                >= 0x1D400 and <= 0x1D6A3 when (rune.Value - 0x1D400) % 52 is var letter => ((char)(letter < 26 ? 'A' + letter : 'a' + letter - 26)).ToString(),
                _ => rune.ToString(),
            });
        }

        return plain.ToString();
    }

    private static int? Mixed(string text)
    {
        if (text.AsSpan().IndexOfAny(LooksLatin) < 0) return null;
        foreach (var word in Word().EnumerateMatches(text))
        {
            var letters = text.AsSpan(word.Index, word.Length);
            if (letters.IndexOfAny(LooksLatin) >= 0 && letters.IndexOfAnyInRange('A', 'z') >= 0) return word.Index;
        }

        return null;
    }

    private static IEnumerable<string> Secrets(string text)
    {
        var redacted = Redaction.Redact(text);
        return ReferenceEquals(redacted, text) ? [] : Placeholder().Matches(redacted).Select(match => match.Groups["type"].Value).Distinct();
    }

    private static string Excerpt(string text, int at)
    {
        var start = Math.Max(0, at - 30);
        var length = Math.Min(ExcerptLength, text.Length - start);
        if (start > 0 && char.IsLowSurrogate(text[start])) start--;
        if (start + length < text.Length && char.IsHighSurrogate(text[start + length - 1])) length--;
        return Redaction.Redact(HiddenText.Reveal(text.Substring(start, length)));
    }

    private static string Hidden(HiddenKind kind) => kind switch
    {
        HiddenKind.Bidirectional => "Characters that turn the direction of what is shown",
        HiddenKind.ZeroWidth => "Characters without width",
        HiddenKind.Tag => "Invisible letters of the tags block, which a model reads",
        HiddenKind.VariationSelector => "Selectors that select nothing and can carry hidden data",
        HiddenKind.Control => "Control characters",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A kind without words."),
    };

    [GeneratedRegex(@"^[A-Za-z0-9_.\-/]{1,128}$")]
    private static partial Regex PlainName();

    [GeneratedRegex(@"[A-Za-z0-9+/]{120,}={0,2}")]
    private static partial Regex Encoded();

    [GeneratedRegex(@"\b(javascript:|vscode:|data:text/html|file:///)|https?://(169\.254\.|127\.|10\.|192\.168\.|metadata\.google|localhost)", RegexOptions.IgnoreCase)]
    private static partial Regex Address();

    [GeneratedRegex(@"\p{L}+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\[redacted:(?<type>[a-z-]+)\]")]
    private static partial Regex Placeholder();
}
