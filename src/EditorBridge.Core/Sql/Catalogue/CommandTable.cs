namespace EditorBridge.Sql;

/// <summary>What a verb does to a kind of object.</summary>
internal readonly record struct CommandRow(StatementClass Class, Effect Effect, bool HoldsCode)
{
    public static CommandRow? Parse(string cell)
    {
        if (cell == "-") return null;
        var effect = cell[^1] == '!' ? Effect.Deny : Effect.Review;
        var name = cell[..^1];
        return name == "code" ? new CommandRow(StatementClass.Ddl, effect, HoldsCode: true) : new CommandRow(CommandTable.ParseClass(name), effect, HoldsCode: false);
    }
}

/// <summary>A kind of object and what the verbs do to it. A verb without an entry takes the verb's usual class and is never allowed.</summary>
internal sealed record Noun(string Name, CommandRow? Create, CommandRow? Alter, CommandRow? Drop, CommandRow? Undrop, string? Reason, string DropReason);

/// <summary>A run of words inside a statement that changes how the statement is judged.</summary>
internal sealed record Clause(Kw Verb, string Nouns, string[] Pattern, StatementClass? Class, Effect Effect, Severity Severity, string Reason)
{
    public bool AppliesTo(Kw verb, string? noun)
    {
        if (Verb != Kw.Unlisted && Verb != verb) return false;
        if (Nouns == "*") return true;
        if (noun is null) return false;
        foreach (var range in Nouns.AsSpan().Split('|'))
        {
            var pattern = Nouns.AsSpan()[range];
            if (pattern[0] == '*' ? noun.AsSpan().EndsWith(pattern[1..], StringComparison.Ordinal) : noun.AsSpan().SequenceEqual(pattern)) return true;
        }
        return false;
    }

    public bool Matches(string text, ReadOnlySpan<SqlToken> tokens)
    {
        if (tokens.Length < Pattern.Length) return false;
        for (var i = 0; i < Pattern.Length; i++)
        {
            if (Pattern[i] != "*" && !tokens[i].Of(text).Equals(Pattern[i], StringComparison.OrdinalIgnoreCase)) return false;
        }
        return true;
    }
}

/// <summary>The tables of verbs, objects and clauses, as text in CommandTable.*.cs.</summary>
internal static partial class CommandTable
{
    public static PhraseTable<Noun> NounPhrases { get; } = ReadNouns(plural: false);
    /// <summary>What SHOW can list: nouns in the plural, and lists that are not of objects.</summary>
    public static PhraseTable<Noun> ShowPhrases { get; } = ReadNouns(plural: true);
    private static readonly WordTable<Clause[]> ClausesByFirstWord = ReadClauses();

    /// <summary>The most specific clause that starts at <paramref name="tokens"/>[0].</summary>
    public static Clause? ClauseAt(string text, ReadOnlySpan<SqlToken> tokens, Kw verb, string? noun)
    {
        if (!ClausesByFirstWord.TryGet(tokens[0].Of(text), out var candidates)) return null;
        foreach (var clause in candidates)
        {
            if (clause.AppliesTo(verb, noun) && clause.Matches(text, tokens)) return clause;
        }
        return null;
    }

    public static StatementClass ParseClass(string name) => Enum.Parse<StatementClass>(name, ignoreCase: true);

    private static PhraseTable<Noun> ReadNouns(bool plural)
    {
        var table = new PhraseTable<Noun>();
        foreach (var cells in Lines(Nouns, ' '))
        {
            var name = cells[0].Replace('_', ' ');
            var noun = new Noun(name, CommandRow.Parse(cells[1]), CommandRow.Parse(cells[2]), CommandRow.Parse(cells[3]), CommandRow.Parse(cells[4]), cells[5] == "-" ? null : cells[5], cells[6]);
            var words = name.Split(' ');
            if (plural) words[^1] = Plural(words[^1]);
            table.Add(words, noun);
        }
        foreach (var line in (plural ? ShowOnly : DescribeOnly).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            table.Add(line.Split(' '), new Noun(line, null, null, null, null, null, "X1"));
        }
        return table;
    }

    private static string Plural(string word) => word[^1] switch
    {
        'Y' => word[..^1] + "IES",
        'S' or 'X' or 'H' => word + "ES",
        _ => word + "S",
    };

    private static WordTable<Clause[]> ReadClauses()
    {
        var clauses = new List<Clause>();
        foreach (var cells in Lines(Clauses, ';'))
        {
            foreach (var pattern in Expand(cells[2].Split(' ')))
            {
                clauses.Add(new Clause(
                    cells[0] == "*" ? Kw.Unlisted : SqlLexer.KeywordOf(cells[0]),
                    cells[1],
                    pattern,
                    cells[3] == "-" ? null : ParseClass(cells[3]),
                    cells[4] switch { "!" => Effect.Deny, "?" => Effect.Review, _ => Effect.Allow },
                    Enum.Parse<Severity>(cells[5], ignoreCase: true),
                    cells[6]));
            }
        }
        return new WordTable<Clause[]>(clauses
            .GroupBy(clause => clause.Pattern[0], StringComparer.Ordinal)
            .Select(group => KeyValuePair.Create(group.Key, group.OrderByDescending(clause => clause.Pattern.Length).ThenByDescending(clause => clause.Effect).ToArray())));
    }

    // `A|B C` stands for `A C` and `B C`.
    private static IEnumerable<string[]> Expand(string[] pattern)
    {
        IEnumerable<string[]> all = [[]];
        foreach (var element in pattern)
        {
            var choices = element.Split('|');
            all = all.SelectMany(head => choices.Select(choice => (string[])[.. head, choice])).ToArray();
        }
        return all;
    }

    private static IEnumerable<string[]> Lines(string data, char separator) => data
        .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Where(line => line[0] != '#')
        .Select(line => line.Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
