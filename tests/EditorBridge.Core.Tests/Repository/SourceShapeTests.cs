using System.Text.RegularExpressions;

namespace EditorBridge.Repository;

/// <summary>Files stay of a size that can be read, and nothing is left half done or switched off.</summary>
public sealed partial class SourceShapeTests
{
    private const int LongestProgram = 80;
    private const int LongestFile = 500;

    private static readonly string[] Sources = [".cs", ".razor", ".ts", ".mjs"];

    [Fact]
    public void Program_files_are_a_table_of_contents()
    {
        var breaches = Lengths(RepositoryFiles.EndingIn("Program.cs")).Where(file => file.Lines > LongestProgram).Select(file => $"{file.Path}: {file.Lines} lines");
        Rule.Holds(breaches, $"Program.cs has at most {LongestProgram} lines. Move what a room needs into that room:");
    }

    [Fact]
    public void No_source_file_is_too_long()
    {
        var breaches = Lengths(RepositoryFiles.EndingIn(Sources).Where(path => !path.Contains("/Migrations/", StringComparison.Ordinal)))
            .Where(file => file.Lines > LongestFile).Select(file => $"{file.Path}: {file.Lines} lines");
        Rule.Holds(breaches, $"A file has at most {LongestFile} lines (generated ones aside). Split it where its two subjects meet:");
    }

    [Fact]
    public void Nothing_is_marked_as_unfinished()
    {
        var breaches =
            from path in RepositoryFiles.EndingIn([.. Sources, ".csproj", ".props", ".yml", ".yaml"])
            from line in RepositoryFiles.Lines(path).Index()
            where UnfinishedMark().IsMatch(line.Item)
            select $"{path}:{line.Index + 1}: {line.Item.Trim()}";
        Rule.Holds(breaches, "Finish it or take it out:");
    }

    [Fact]
    public void No_test_is_switched_off()
    {
        var breaches =
            from path in RepositoryFiles.EndingIn(".cs").Where(path => path.StartsWith("tests/", StringComparison.Ordinal)).NotEmpty("test file")
            from line in RepositoryFiles.Lines(path).Index()
            where SkippedTest().IsMatch(line.Item)
            select $"{path}:{line.Index + 1}";
        Rule.Holds(breaches, "A skipped test hides a defect. Mend it or delete it:");
    }

    [Fact]
    public void Warnings_are_never_switched_off_wholesale()
    {
        var breaches = RepositoryFiles.EndingIn(".csproj", ".props", ".targets").Where(path => RepositoryFiles.Read(path).Contains("<NoWarn", StringComparison.OrdinalIgnoreCase));
        Rule.Holds(breaches, "Mend the warning, or switch it off at the line with a pragma and its reason:");
    }

    [Fact]
    public void A_pragma_stands_beside_its_reason()
    {
        var breaches =
            from path in RepositoryFiles.EndingIn(".cs", ".razor").Where(path => !path.Contains("/Migrations/", StringComparison.Ordinal))
            let lines = RepositoryFiles.Lines(path)
            from line in lines.Index()
            where DisablingPragma().IsMatch(line.Item) && !line.Item.Contains("//", StringComparison.Ordinal)
            where line.Index == 0 || !lines[line.Index - 1].TrimStart().StartsWith("//", StringComparison.Ordinal)
            select $"{path}:{line.Index + 1}: {line.Item.Trim()}";
        Rule.Holds(breaches, "Say why, in a comment at the pragma's line or the line above:");
    }

    [Fact]
    public void The_portal_renders_nothing_as_markup_that_is_not_its_own()
    {
        string[] ways = ["Markup" + "String", "AddMarkup" + "Content", "inner" + "HTML", "insertAdjacent" + "HTML", "document." + "write"];
        var breaches =
            from path in RepositoryFiles.EndingIn(".cs", ".razor", ".js").Where(path => path.StartsWith("portal/", StringComparison.Ordinal)).NotEmpty("file of the portal")
            from line in RepositoryFiles.Lines(path).Index()
            where ways.Any(way => line.Item.Contains(way, StringComparison.Ordinal))
            select $"{path}:{line.Index + 1}: {line.Item.Trim()}";
        Rule.Holds(breaches, "What agents wrote is text. Write elements, not markup:");
    }

    private static IEnumerable<(string Path, int Lines)> Lengths(IEnumerable<string> paths) =>
        paths.NotEmpty("source file").Select(path => (path, RepositoryFiles.Lines(path).Length));

    [GeneratedRegex(@"(?://|#|/\*|<!--|@\*).*\b(?:TO" + "DO|FIX" + "ME|HA" + "CK|XX" + "X)\\b|NotImplemented" + "Exception")]
    private static partial Regex UnfinishedMark();

    [GeneratedRegex(@"\[(?:Fact|Theory)\([^\]]*\bSkip\s*=|\bAssert\.Skip\(")]
    private static partial Regex SkippedTest();

    [GeneratedRegex(@"^\s*#pragma\s+warning\s+disable")]
    private static partial Regex DisablingPragma();
}
