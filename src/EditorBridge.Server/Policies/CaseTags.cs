using System.Collections.Immutable;
using System.Text.RegularExpressions;
using EditorBridge.Gate;
using EditorBridge.Policy;
using YamlDotNet.RepresentationModel;

namespace EditorBridge.Policies;

/// <summary>The <c>tags</c> of a case: what the account is taken to say of tables and columns, in the form of <see cref="ActionFacts.Tags"/>.</summary>
internal static partial class CaseTags
{
    /// <summary>The parts of a name written in full: database, schema, table, column.</summary>
    private const int PartsOfColumn = 4;

    public static ImmutableDictionary<string, ImmutableArray<string>> Read(YamlNode node, YamlCursor cursor)
    {
        if (node is not YamlMappingNode mapping)
        {
            cursor.Error(node, "'tags' must be a mapping of tables and columns to their tags, such as { raw.shop.customers.email: PII=email }.");
            return ImmutableDictionary<string, ImmutableArray<string>>.Empty;
        }
        var tags = new Dictionary<string, ImmutableArray<string>>(StringComparer.Ordinal);
        foreach (var (key, value) in mapping.Children)
        {
            if (cursor.Text(key, "A name in 'tags'") is not { } written) continue;
            if (!Name().IsMatch(written))
            {
                cursor.Error(key, $"'{written}' in 'tags' is not the name of a table (db.schema.table) or of a column (db.schema.table.column).");
                continue;
            }
            string[] parts = [.. Part().Matches(written).Select(part => AsInSql(part.Value))];
            // Whoever says what a column carries was told of its table.
            if (parts.Length == PartsOfColumn) tags.TryAdd(string.Join('.', parts[..^1]), []);
            var name = parts.Length == PartsOfColumn ? string.Join('.', [.. parts[..^1], Bare(parts[^1])]) : string.Join('.', parts);
            tags[name] = value is YamlSequenceNode { Children.Count: 0 } ? [] : [.. cursor.Texts(value, $"'{written}' in 'tags'").SelectMany(Spelled)];
        }
        return tags.ToImmutableDictionary(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Spelled(string tag)
    {
        var value = tag.IndexOf('=', StringComparison.Ordinal);
        var name = value < 0 ? tag : tag[..value];
        return TagReader.Spellings(name[(name.LastIndexOf('.') + 1)..], name, value < 0 ? null : tag[(value + 1)..]).Distinct(StringComparer.Ordinal);
    }

    // As SqlObject.Name has it.
    private static string AsInSql(string part) => !part.StartsWith('"') ? part.ToUpperInvariant() : PlainQuoted().IsMatch(part) ? part[1..^1] : part;

    private static string Bare(string part) => part.StartsWith('"') ? part[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : part;

    [GeneratedRegex("""^(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)(?:\.(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)){0,3}$""", RegexOptions.CultureInvariant)]
    private static partial Regex Name();

    [GeneratedRegex("\"(?:[^\"]|\"\")+\"|[^\".]+", RegexOptions.CultureInvariant)]
    private static partial Regex Part();

    [GeneratedRegex("""^"[A-Z_][A-Z0-9_$]*"$""", RegexOptions.CultureInvariant)]
    private static partial Regex PlainQuoted();
}
