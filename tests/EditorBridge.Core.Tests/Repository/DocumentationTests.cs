using System.Text.Json;
using System.Text.RegularExpressions;

namespace EditorBridge.Repository;

/// <summary>What the documentation names is there.</summary>
public sealed partial class DocumentationTests
{
    private static IReadOnlyList<string> Documents { get; } =
        RepositoryFiles.EndingIn(".md").Where(path => !path.Contains('/', StringComparison.Ordinal) || path.StartsWith("docs/", StringComparison.Ordinal)).NotEmpty("document");

    [Fact]
    public void Every_path_a_document_names_exists()
    {
        var roots = Directory.EnumerateDirectories(RepositoryFiles.Root).Select(Path.GetFileName).Concat(["src", "docs", "tests", "portal", "extension", "scripts"]).ToHashSet();
        // The editor's methods look like paths: portal/link.
        var methods = RepositoryFiles.Read("src/EditorBridge.Server/Editor/EditorProtocol.cs");
        var breaches =
            from document in Documents
            from match in CodePath().Matches(RepositoryFiles.Read(document))
            let path = match.Groups["path"].Value.TrimEnd('/')
            where roots.Contains(path.Split('/')[0]) && !path.Contains('*', StringComparison.Ordinal)
            where !RepositoryFiles.Exists(path) && !methods.Contains($"\"{path}\"", StringComparison.Ordinal)
            select $"{document}: `{path}`";
        Rule.Holds(breaches, "Mend the name or bring the file:");
    }

    [Fact]
    public void Every_link_in_a_document_leads_somewhere()
    {
        var breaches =
            from document in Documents
            let folder = Path.GetDirectoryName(document) ?? ""
            from match in Link().Matches(RepositoryFiles.Read(document))
            let target = match.Groups["target"].Value.Split('#')[0]
            where target.Length > 0 && !target.Contains(':', StringComparison.Ordinal)
            where !RepositoryFiles.Exists(Path.Combine(folder, target))
            select $"{document}: ({target})";
        Rule.Holds(breaches, "Mend the link or bring the file:");
    }

    [Fact]
    public void Every_npm_script_a_document_names_exists()
    {
        using var manifest = JsonDocument.Parse(RepositoryFiles.Read("package.json"));
        var scripts = manifest.RootElement.GetProperty("scripts").EnumerateObject().Select(script => script.Name).ToHashSet();
        var breaches =
            from document in Documents
            from match in NpmScript().Matches(RepositoryFiles.Read(document))
            let name = match.Groups["name"].Value
            where !scripts.Contains(name)
            select $"{document}: npm {name}";
        Rule.Holds(breaches, "package.json has no such script:");
    }

    [GeneratedRegex(@"`(?<path>[\w.@-]+(?:/[\w.@*-]+)+/?)`")]
    private static partial Regex CodePath();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\bnpm (?:run )?(?<name>start|test|(?<=run )[\w:-]+)")]
    private static partial Regex NpmScript();
}
