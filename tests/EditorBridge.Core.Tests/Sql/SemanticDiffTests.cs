using CsCheck;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Sql;

public sealed class SemanticDiffTests
{
    [Theory]
    [MemberData(nameof(Cases))]
    public void Versions_differ_as_the_vectors_say(DiffCase vector)
    {
        var diff = SemanticDiff.Compare(vector.Before, vector.After);
        var facts = AllFacts(diff).Select(fact => $"{fact.Kind.ToString().ToLowerInvariant()} {fact.Severity.ToString().ToLowerInvariant()}: {fact.Message}").ToArray();
        var summary = $"+{diff.Added} -{diff.Removed} ~{diff.Changed} ={diff.Moved}";
        foreach (var line in vector.Expectations)
        {
            var (word, rest) = (line[..line.IndexOf(' ')], line[(line.IndexOf(' ') + 1)..]);
            var holds = word switch
            {
                "counts" => summary == rest,
                "fact" => facts.Any(fact => fact.Contains(rest, StringComparison.Ordinal)),
                "nofact" => !facts.Any(fact => fact.Contains(rest, StringComparison.Ordinal)),
                "new" => diff.NewObjects.Any(target => target.Name == rest),
                "gone" => diff.GoneObjects.Any(target => target.Name == rest),
                _ => throw new InvalidDataException($"'{word}' is not an expectation."),
            };
            Assert.True(holds, $"'{line}' does not hold. Counts {summary}; facts:\n{string.Join('\n', facts)}");
        }
    }

    public static IEnumerable<TheoryDataRow<DiffCase>> Cases() =>
        Directory.EnumerateFiles(Vectors.PathOf("sql/diff"), "*.txt").Order(StringComparer.Ordinal).SelectMany(DiffCase.ReadAll).Select(vector => new TheoryDataRow<DiffCase>(vector));

    [Fact]
    public void Text_against_itself_has_no_change()
    {
        foreach (var vector in Cases())
            Assert.True(SemanticDiff.Compare(vector.Data.After, vector.Data.After).NoSemanticChange, vector.Data.Name);
    }

    [Fact]
    public void Case_comments_and_white_space_are_no_change()
    {
        foreach (var row in Cases())
        {
            var text = row.Data.After;
            var tokens = SqlScript.Read(text).Tokens;
            if (text.Contains("$$", StringComparison.Ordinal) || text.Contains('@') || text.Contains('!')) continue;
            var other = new System.Text.StringBuilder();
            foreach (var token in tokens)
                other.Append("/* c */\n  ").Append(token.Kind == TokenKind.Word ? token.Of(text).ToString().ToLowerInvariant() : token.Of(text).ToString());
            Assert.True(SemanticDiff.Compare(text, other.ToString()).NoSemanticChange, row.Data.Name);
        }
    }

    [Fact]
    public void Any_two_texts_are_compared_without_an_exception()
    {
        string[] pieces = ["SELECT a", " FROM t", " WHERE x = 1", ";", "CREATE TABLE t (a INT", ")", "(", "BEGIN", "END", "$$", "'", "GRANT SELECT ON t TO ROLE r", " AS ", "USE ROLE r", "/*", "--", "\n", ",", "MASKING POLICY p", "x = (", "->", "🙂"];
        Gen.Select(Gen.Int[0, pieces.Length - 1].Array[0, 30], Gen.Int[0, pieces.Length - 1].Array[0, 30]).Sample((before, after) =>
        {
            var diff = SemanticDiff.Compare(string.Concat(before.Select(index => pieces[index])), string.Concat(after.Select(index => pieces[index])));
            Assert.Equal(diff.After.Statements.Length, diff.Statements.Count(statement => statement.After is not null));
            Assert.Equal(diff.Before.Statements.Length, diff.Statements.Count(statement => statement.Before is not null));
        }, iter: 3_000);
    }

    [Fact]
    public void Changed_spans_hold_the_difference()
    {
        const string before = "SELECT a, b FROM t WHERE x = 1";
        const string after = "SELECT a, b FROM t WHERE x = 22";
        var statement = Assert.Single(SemanticDiff.Compare(before, after).Statements);
        Assert.Equal("1", before.Substring(statement.BeforeSpan.Start, statement.BeforeSpan.Length));
        Assert.Equal("22", after.Substring(statement.AfterSpan.Start, statement.AfterSpan.Length));
    }

    private static IEnumerable<DiffFact> AllFacts(SqlDiff diff) =>
        diff.Statements.SelectMany(statement => statement.Body is { } body ? statement.Facts.Concat(AllFacts(body)) : statement.Facts).Concat(diff.ChainFacts);
}

/// <summary>A case of tests/vectors/sql/diff: a name, two texts and what must hold.</summary>
public sealed record DiffCase(string Name, string Before, string After, string[] Expectations)
{
    public override string ToString() => Name;

    public static IEnumerable<DiffCase> ReadAll(string path)
    {
        foreach (var block in ("\n" + File.ReadAllText(path).ReplaceLineEndings("\n")).Split("\n=== ", StringSplitOptions.RemoveEmptyEntries).Skip(1))
        {
            var name = block[..block.IndexOf('\n')];
            var parts = block[(block.IndexOf('\n') + 1)..].Split(["--- before\n", "--- after\n", "--- expect\n"], StringSplitOptions.None);
            yield return new DiffCase(name, parts[1], parts[2], parts[3].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        }
    }
}
