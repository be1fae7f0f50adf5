using System.Text.RegularExpressions;

namespace EditorBridge.Repository;

/// <summary>Names say what a thing is, and a thing is there once it is needed.</summary>
public sealed partial class NamingTests
{
    [Fact]
    public void Types_are_named_for_what_they_are()
    {
        var breaches =
            from path in RepositoryFiles.EndingIn(".cs", ".razor", ".ts", ".mjs").NotEmpty("source file")
            let text = RepositoryFiles.Read(path)
            from match in ForbiddenName().Matches(text).Concat(HostedByAnother(text))
            select $"{path}: {match.Groups["name"].Value}";
        Rule.Holds(breaches, "These names say nothing. Call the type what it is in the field's words (docs/architecture.md); …Service is for a hosted service only:");
    }

    [Fact]
    public void Files_are_named_for_what_they_hold()
    {
        var breaches = RepositoryFiles.EndingIn(".cs", ".razor", ".ts", ".mjs").Where(path => ForbiddenFile().IsMatch(Path.GetFileNameWithoutExtension(path)));
        Rule.Holds(breaches, "Name the file for what is in it:");
    }

    [Fact]
    public void An_interface_has_at_least_two_implementations()
    {
        var sources = RepositoryFiles.ProductSources().Select(RepositoryFiles.Read).NotEmpty("source file");
        var breaches =
            from text in sources
            from declared in InterfaceDeclaration().Matches(text)
            let name = declared.Groups["name"].Value
            let implementations = sources.Sum(source => Regex.Count(source, $@"\b(?:class|record|struct)\s+\w+[^{{;]*:[^{{;]*\b{name}\b"))
            where implementations < 2
            select $"{name}: {implementations} implementation(s)";
        Rule.Holds(breaches, "An interface comes with its second implementation. Use the class itself, a delegate, or a type of the base library:");
    }

    private static IEnumerable<Match> HostedByAnother(string text) =>
        ServiceName().Matches(text).Where(match => !HostedBase().IsMatch(match.Value));

    [GeneratedRegex(@"\b(?:class|record|struct|interface|enum)\s+(?<name>\w*(?:Manager|Helper|Helpers|Util|Utils|Utilities|Processor|Impl|Common))\b")]
    private static partial Regex ForbiddenName();

    [GeneratedRegex(@"\b(?:class|record|struct|interface)\s+(?<name>\w+Service)\b[^{;]*")]
    private static partial Regex ServiceName();

    [GeneratedRegex(@":.*\b(?:BackgroundService|IHostedService|IHostedLifecycleService)\b", RegexOptions.Singleline)]
    private static partial Regex HostedBase();

    [GeneratedRegex(@"(?:Manager|Helpers?|Util(?:s|ities)?|Processor|Impl|Common)$|^(?:helpers?|utils?|common|misc)$", RegexOptions.None)]
    private static partial Regex ForbiddenFile();

    [GeneratedRegex(@"\binterface\s+(?<name>I[A-Z]\w*)")]
    private static partial Regex InterfaceDeclaration();
}
