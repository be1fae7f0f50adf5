using System.Text.Json;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Sql;

/// <summary>One labelled case of tests/vectors/sql: what a statement list may be judged at least and at most, and what must be found in it.</summary>
public sealed record SqlVector(string Id, string Sql, Effect Min, Effect Max, int? Count, string[]? Classes, string[]? Objects, string[]? Columns, string[]? Reasons)
{
    public override string ToString() => $"{Id}: {(Sql.Length > 80 ? Sql[..80] + "…" : Sql)}";

    public static IReadOnlyList<SqlVector> All { get; } = [.. Directory.EnumerateFiles(Path.Combine(Folder(), "sql"), "*.jsonl").Order(StringComparer.Ordinal).SelectMany(File.ReadLines).Select(Parse)];

    private static SqlVector Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        return new SqlVector(
            root.GetProperty("id").GetString()!,
            root.GetProperty("sql").GetString()!,
            Decision(root.GetProperty("min").GetString()!),
            Decision(root.GetProperty("max").GetString()!),
            root.TryGetProperty("count", out var count) ? count.GetInt32() : null,
            Strings(root, "class"),
            Strings(root, "objects"),
            Strings(root, "columns"),
            Strings(root, "reasons"));
    }

    private static Effect Decision(string word) => word switch { "allow" => Effect.Allow, "ask" => Effect.Review, "deny" => Effect.Deny, _ => throw new ArgumentException(word, nameof(word)) };

    private static string[]? Strings(JsonElement root, string name) => root.TryGetProperty(name, out var list) ? [.. list.EnumerateArray().Select(item => item.GetString()!)] : null;

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var vectors = Path.Combine(folder.FullName, "tests", "vectors");
            if (Directory.Exists(vectors)) return vectors;
        }
        throw new DirectoryNotFoundException("tests/vectors was not found above the test's folder.");
    }
}

public sealed class SqlVectorTests
{
    [Fact]
    public void Labelled_cases_are_judged_as_labelled()
    {
        var failures = new List<string>();
        foreach (var vector in SqlVector.All) Check(vector, failures);
        Assert.True(failures.Count == 0, $"{failures.Count} of {SqlVector.All.Count} cases:\n{string.Join('\n', failures)}");
    }

    [Fact]
    public void Corpus_covers_dangerous_and_benign_cases()
    {
        Assert.True(SqlVector.All.Count(vector => vector.Min > Effect.Allow) >= 700);
        Assert.True(SqlVector.All.Count(vector => vector.Max == Effect.Allow) >= 450);
        Assert.Equal(SqlVector.All.Count, SqlVector.All.Select(vector => vector.Id).Distinct().Count());
    }

    private static void Check(SqlVector vector, List<string> failures)
    {
        var analysis = SqlAnalyzer.Analyze(vector.Sql);
        if (analysis.Effect < vector.Min || analysis.Effect > vector.Max) failures.Add($"{vector}: judged {analysis.Effect}, labelled {vector.Min} to {vector.Max}");
        if (vector.Count is { } count && analysis.Statements.Length != count) failures.Add($"{vector}: {analysis.Statements.Length} statements, labelled {count}");
        if (vector.Classes is { } classes && analysis.Statements is [var only] && !classes.Contains(only.Class.ToString(), StringComparer.OrdinalIgnoreCase)) failures.Add($"{vector}: class {only.Class}, labelled {string.Join(" or ", classes)}");
        if (vector.Objects is { } objects)
        {
            var found = analysis.Statements.SelectMany(statement => statement.Objects).Where(o => o.Kind != "LOCATION").Select(o => o.Name).Distinct().Order(StringComparer.Ordinal);
            if (!found.SequenceEqual(objects.Distinct().Order(StringComparer.Ordinal))) failures.Add($"{vector}: objects {string.Join(' ', found)}, labelled {string.Join(' ', objects)}");
        }
        if (vector.Columns is { } columns)
        {
            // More than the labelled columns may be named (the alias of an expression could be a column too); a missing one is never right.
            var named = analysis.Statements.SelectMany(statement => statement.Columns).ToHashSet(StringComparer.Ordinal);
            if (columns.FirstOrDefault(column => !named.Contains(column)) is { } missing) failures.Add($"{vector}: column {missing} is missing, found {string.Join(' ', named)}");
        }
        if (vector.Reasons is { } reasons)
        {
            var given = analysis.Statements.SelectMany(statement => statement.Reasons).Select(reason => reason.Id).ToHashSet();
            if (reasons.FirstOrDefault(id => !given.Contains(id)) is { } missing) failures.Add($"{vector}: reason {missing} is missing, given {string.Join(' ', given)}");
        }
    }
}
