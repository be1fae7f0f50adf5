using System.Xml.Linq;

namespace EditorBridge.Repository;

/// <summary>Holds the arrows of docs/architecture.md: which project and which room may know which.</summary>
public sealed class ReferenceArrowTests
{
    private static readonly Dictionary<string, string[]> AllowedProjects = new()
    {
        ["EditorBridge.Core"] = [],
        ["EditorBridge.Ledger"] = ["EditorBridge.Core"],
        ["EditorBridge.Snowflake"] = ["EditorBridge.Core"],
        ["EditorBridge.Sandbox"] = [],
        ["EditorBridge.Server"] = ["EditorBridge.Core", "EditorBridge.Ledger", "EditorBridge.Snowflake"],
        ["EditorBridge.Portal"] = ["EditorBridge.Core", "EditorBridge.Ledger"],
    };

    private static readonly Dictionary<string, string[]> AllowedRooms = new()
    {
        ["EditorBridge.Sql"] = [],
        ["EditorBridge.Policy"] = ["EditorBridge.Sql"],
        ["EditorBridge.Review"] = ["EditorBridge.Policy", "EditorBridge.Sql", "EditorBridge.Audit"],
        ["EditorBridge.Messages"] = [],
        ["EditorBridge.Audit"] = [],
        ["EditorBridge.Trust"] = ["EditorBridge.Sql", "EditorBridge.Audit"],
    };

    [Fact]
    public void Projects_reference_only_what_the_architecture_allows()
    {
        var breaches =
            from path in RepositoryFiles.EndingIn(".csproj").NotEmpty("project")
            let project = Path.GetFileNameWithoutExtension(path)
            where !path.StartsWith("tests/", StringComparison.Ordinal)
            from reference in References(path, "ProjectReference")
            let target = Path.GetFileNameWithoutExtension(reference.Replace('\\', '/'))
            where !AllowedProjects.TryGetValue(project, out var allowed) || !allowed.Contains(target)
            select $"{project} references {target}";
        Rule.Holds(breaches, "Take the reference out, or change the arrows in docs/architecture.md and here, with the reason:");
    }

    [Fact]
    public void Rooms_inside_Core_use_only_the_rooms_they_may_use()
    {
        var core = typeof(Sql.SqlAnalyzer).Assembly;
        var breaches =
            from type in core.GetTypes().NotEmpty("type in Core")
            where type.Namespace?.StartsWith("EditorBridge", StringComparison.Ordinal) == true
            let room = RoomOf(type.Namespace!)
            from used in TypeUses.Of(type)
            // Generated code, such as regular expressions, has a namespace of its own.
            where used.Assembly == core && used.Namespace?.StartsWith("EditorBridge", StringComparison.Ordinal) == true
            let other = RoomOf(used.Namespace!)
            where other != room && !(AllowedRooms.TryGetValue(room, out var allowed) && allowed.Contains(other))
            select $"{type.FullName} uses {used.FullName}";
        Rule.Holds(
            breaches.Distinct(),
            "Inside Core the arrows are Sql ◄ Policy ◄ Review; Messages and Audit stand alone; Review may use Audit; Trust uses Sql and Audit. Move the type, or pass a value instead:");
    }

    [Fact]
    public void Every_project_is_in_the_solution_and_has_a_lock_file()
    {
        var solution = RepositoryFiles.Read("EditorBridge.sln").Replace('\\', '/');
        var breaches = RepositoryFiles.EndingIn(".csproj").SelectMany(path => new[]
        {
            solution.Contains($"\"{path}\"", StringComparison.Ordinal) ? null : $"{path} is not in EditorBridge.sln (dotnet sln add)",
            RepositoryFiles.Exists($"{Path.GetDirectoryName(path)}/packages.lock.json") ? null : $"{path} has no packages.lock.json (dotnet restore)",
        }).OfType<string>();
        Rule.Holds(breaches, "Complete the solution:");
    }

    internal static IEnumerable<string> References(string project, string kind) =>
        XDocument.Parse(RepositoryFiles.Read(project)).Descendants(kind).Select(element => (string?)element.Attribute("Include") ?? "");

    /// <summary>The first two parts of a namespace: EditorBridge.Sql for EditorBridge.Sql.Lexing.</summary>
    private static string RoomOf(string name) => string.Join('.', name.Split('.').Take(2));
}
