using System.Text.Json;
using System.Xml.Linq;

namespace EditorBridge.Repository;

/// <summary>One version of the product, one place for package versions, and only licences that anybody may ship.</summary>
public sealed class PackageTests
{
    private static readonly string[] Permissive = ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "Zlib", "MS-PL", "Unlicense", "BlueOak-1.0.0", "Python-2.0", "CC0-1.0"];

    // Packages that name their licence by an address only; what stands there.
    private static readonly Dictionary<string, string> ByAddress = new(StringComparer.Ordinal)
    {
        ["https://github.com/MiloszKrajewski/K4os.Compression.LZ4/blob/master/LICENSE?raw=true"] = "MIT",
    };

    [Fact]
    public void The_product_has_one_version()
    {
        var version = XDocument.Parse(RepositoryFiles.Read("Directory.Build.props")).Descendants("Version").Single().Value;
        var breaches =
            from path in RepositoryFiles.EndingIn("/package.json").Append("package.json").Where(path => path is "package.json" or "extension/package.json")
            let other = NpmVersion(path)
            where other != version
            select $"{path} says {other}, Directory.Build.props says {version}";
        Rule.Holds(breaches, "Give them the same version:");
    }

    [Fact]
    public void Package_versions_stand_in_one_file()
    {
        var breaches =
            from path in RepositoryFiles.EndingIn(".csproj").NotEmpty("project")
            from reference in XDocument.Parse(RepositoryFiles.Read(path)).Descendants("PackageReference")
            where reference.Attribute("Version") is not null || reference.Attribute("VersionOverride") is not null
            select $"{path}: {reference.Attribute("Include")?.Value}";
        Rule.Holds(breaches, "Move the version to Directory.Packages.props:");
    }

    [Fact]
    public void Every_NuGet_package_is_permissively_licensed()
    {
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var breaches =
            from specification in LockedPackages().Distinct().Select(package => Specification(cache, package)).Where(File.Exists).NotEmpty("restored package")
            let licence = Licence(specification)
            where !IsPermissive(licence)
            select $"{Path.GetFileNameWithoutExtension(specification)}: {licence}";
        Rule.Holds(breaches, "Do without the package, or show that its licence is permissive and add its expression here:");
    }

    [Fact]
    public void Every_npm_package_is_permissively_licensed()
    {
        using var locked = JsonDocument.Parse(RepositoryFiles.Read("package-lock.json"));
        var breaches =
            from package in locked.RootElement.GetProperty("packages").EnumerateObject()
            where package.Name.StartsWith("node_modules/", StringComparison.Ordinal) && !package.Value.TryGetProperty("link", out _)
            let licence = package.Value.TryGetProperty("license", out var text) ? text.GetString()! : "none given"
            where !IsPermissive(licence)
            select $"{package.Name}: {licence}";
        Rule.Holds(breaches, "Do without the package, or show that its licence is permissive and add its expression here:");
    }

    [Fact]
    public void Lock_files_name_no_registry()
    {
        var breaches = RepositoryFiles.EndingIn("package-lock.json").Where(path => RepositoryFiles.Read(path).Contains("\"resolved\": \"http", StringComparison.Ordinal));
        Rule.Holds(breaches, "Run npm install again below this repository's .npmrc, so that the lock file installs from any registry:");
    }

    private static IEnumerable<(string Id, string Version)> LockedPackages()
    {
        foreach (var path in RepositoryFiles.EndingIn("packages.lock.json"))
        {
            using var locked = JsonDocument.Parse(RepositoryFiles.Read(path));
            foreach (var framework in locked.RootElement.GetProperty("dependencies").EnumerateObject())
                foreach (var package in framework.Value.EnumerateObject())
                    if (package.Value.TryGetProperty("resolved", out var version))
                        yield return (package.Name, version.GetString()!);
        }
    }

    private static string Specification(string cache, (string Id, string Version) package)
    {
        var id = package.Id.ToLowerInvariant();
        return Path.Combine(cache, id, package.Version.ToLowerInvariant(), $"{id}.nuspec");
    }

    /// <summary>The licence expression, or what stands in its place.</summary>
    private static string Licence(string specification)
    {
        var metadata = XDocument.Load(specification).Descendants().ToLookup(element => element.Name.LocalName);
        var licence = metadata["license"].FirstOrDefault();
        if (licence is not null)
            return (string?)licence.Attribute("type") == "expression" ? licence.Value : $"file {licence.Value}";
        var address = metadata["licenseUrl"].FirstOrDefault()?.Value ?? "none given";
        return ByAddress.GetValueOrDefault(address, address);
    }

    private static bool IsPermissive(string expression) =>
        expression.Trim('(', ')').Split(" OR ").Any(choice => choice.Split(" AND ").All(part => Permissive.Contains(part.Trim(' ', '(', ')'))));

    private static string? NpmVersion(string path)
    {
        using var manifest = JsonDocument.Parse(RepositoryFiles.Read(path));
        return manifest.RootElement.GetProperty("version").GetString();
    }
}
