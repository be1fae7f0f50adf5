using System.Collections.Immutable;
using System.Text;
using EditorBridge.Ledger;

namespace EditorBridge.Portal.Reading;

/// <summary>
/// The typed filter of the calls page: <c>state:rejected,expired tool:Bash risk:critical "drop table"</c>. It is the whole filter apart from the time window:
/// facets and links change the line, and the line stands in the URL.
/// </summary>
/// <param name="Filter">What the line means; parts that were not understood are left out of it and named in <paramref name="Problems"/>.</param>
public sealed record QueryLine(CallFilter Filter, ImmutableArray<string> Problems)
{
    /// <summary>The fields in the order a line is written, with the word shown for each.</summary>
    public static readonly ImmutableArray<string> Fields = ["kind", "state", "risk", "tool", "door", "model", "agent", "session", "by", "rule"];

    public static QueryLine Parse(string? line)
    {
        var filter = CallFilter.All;
        var problems = ImmutableArray.CreateBuilder<string>();
        var words = new List<string>();
        foreach (var term in Terms(line ?? ""))
        {
            if (term.Field is null)
            {
                words.Add(term.Value);
                continue;
            }

            var (next, problem) = With(filter, term.Field, term.Value);
            filter = next;
            if (problem is not null) problems.Add(problem);
        }

        return new QueryLine(words.Count == 0 ? filter : filter with { Text = string.Join(' ', words) }, problems.ToImmutable());
    }

    /// <summary>The shortest line that parses to this filter; the time window is not part of it.</summary>
    public static string Format(CallFilter filter)
    {
        var line = new StringBuilder();
        Add(line, "kind", filter.Kind is { } kind ? [Word(kind)] : []);
        Add(line, "state", [.. filter.States.Select(Word)]);
        Add(line, "risk", filter.Severities);
        Add(line, "tool", filter.Tools);
        Add(line, "door", filter.Doors);
        Add(line, "model", filter.Models);
        Add(line, "agent", filter.Actors);
        Add(line, "session", filter.SessionId is { } session ? [session] : []);
        Add(line, "by", filter.Reviewer is { } reviewer ? [EntryWords.Who(reviewer)] : []);
        Add(line, "rule", filter.Rule is { } rule ? [rule] : []);
        if (filter.Text is { } text) line.Append(line.Length > 0 ? " " : "").Append(text);
        return line.ToString();
    }

    /// <summary>The values of a facet that a filter names.</summary>
    public static ImmutableArray<string> Chosen(CallFilter filter, CallFacet facet) => facet switch
    {
        CallFacet.Kind => filter.Kind is { } kind ? [Word(kind)] : [],
        CallFacet.State => [.. filter.States.Select(Word)],
        CallFacet.Tool => filter.Tools,
        CallFacet.Door => filter.Doors,
        CallFacet.Model => filter.Models,
        CallFacet.Actor => filter.Actors,
        CallFacet.Severity => filter.Severities,
        _ => throw new ArgumentOutOfRangeException(nameof(facet), facet, "A facet without a field."),
    };

    /// <summary>Adds a facet's value to a filter, or takes it out when it is there.</summary>
    public static CallFilter Toggle(CallFilter filter, CallFacet facet, string value)
    {
        var chosen = Chosen(filter, facet);
        var next = chosen.Contains(value) ? chosen.Remove(value) : facet == CallFacet.Kind ? [value] : chosen.Add(value);
        return facet switch
        {
            CallFacet.Kind => filter with { Kind = next is [var kind] ? Enum.Parse<CallKind>(kind, ignoreCase: true) : null },
            CallFacet.State => filter with { States = [.. next.Select(state => Enum.Parse<CallState>(state, ignoreCase: true))] },
            CallFacet.Tool => filter with { Tools = next },
            CallFacet.Door => filter with { Doors = next },
            CallFacet.Model => filter with { Models = next },
            CallFacet.Actor => filter with { Actors = next },
            CallFacet.Severity => filter with { Severities = next },
            _ => throw new ArgumentOutOfRangeException(nameof(facet), facet, "A facet without a field."),
        };
    }

    private static (CallFilter Filter, string? Problem) With(CallFilter filter, string field, string value)
    {
        ImmutableArray<string> values = [.. value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        if (values.IsEmpty) return (filter, $"{field}: has no value.");
        switch (field)
        {
            case "kind":
                return Enum.TryParse<CallKind>(value, ignoreCase: true, out var kind) && Enum.IsDefined(kind)
                    ? (filter with { Kind = kind }, null)
                    : (filter, $"kind: is {Words<CallKind>()}, not {value}.");
            case "state":
                var unknown = values.FirstOrDefault(name => !Enum.TryParse<CallState>(name, ignoreCase: true, out var state) || !Enum.IsDefined(state));
                return unknown is null
                    ? (filter with { States = [.. values.Select(name => Enum.Parse<CallState>(name, ignoreCase: true))] }, null)
                    : (filter, $"state: is {Words<CallState>()}, not {unknown}.");
            case "risk":
                var odd = values.FirstOrDefault(name => !Risk.Names.Contains(name, StringComparer.OrdinalIgnoreCase));
                return odd is null
                    ? (filter with { Severities = [.. values.Select(name => name.ToLowerInvariant())] }, null)
                    : (filter, $"risk: is {string.Join(", ", Risk.Names)}, not {odd}.");
            case "tool": return (filter with { Tools = values }, null);
            case "door": return (filter with { Doors = values }, null);
            case "model": return (filter with { Models = values }, null);
            case "agent": return (filter with { Actors = values }, null);
            case "session": return (filter with { SessionId = value }, null);
            case "by": return (filter with { Reviewer = value.Contains(':', StringComparison.Ordinal) ? value : "person:" + value }, null);
            case "rule": return (filter with { Rule = value }, null);
            default: return (filter, $"{field}: is not a field. Fields are {string.Join(", ", Fields)}; put quotes around words that hold a colon.");
        }
    }

    private static void Add(StringBuilder line, string field, ImmutableArray<string> values)
    {
        if (values.IsDefaultOrEmpty) return;
        var value = string.Join(',', values);
        if (line.Length > 0) line.Append(' ');
        line.Append(field).Append(':').Append(value.Contains(' ', StringComparison.Ordinal) ? $"\"{value}\"" : value);
    }

    // field:value, field:"a value", word, "a phrase"; quotes of phrases stay, because they mean something to the full-text search.
    private static IEnumerable<(string? Field, string Value)> Terms(string line)
    {
        for (var i = 0; i < line.Length;)
        {
            if (char.IsWhiteSpace(line[i]))
            {
                i++;
                continue;
            }

            var start = i;
            while (i < line.Length && !char.IsWhiteSpace(line[i]) && line[i] is not ('"' or ':')) i++;
            if (i > start && i < line.Length && line[i] == ':')
            {
                var field = line[start..i++].ToLowerInvariant();
                yield return (field, Unquoted(Value(line, ref i)));
                continue;
            }

            i = start;
            yield return (null, Value(line, ref i));
        }
    }

    private static string Value(string line, ref int i)
    {
        var start = i;
        var quoted = false;
        while (i < line.Length && (quoted || !char.IsWhiteSpace(line[i])))
        {
            if (line[i++] == '"') quoted = !quoted;
        }

        return line[start..i];
    }

    private static string Unquoted(string value) => value.Replace("\"", "", StringComparison.Ordinal);

    private static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static string Words<T>() where T : struct, Enum => string.Join(", ", Enum.GetValues<T>().Select(Word));
}
