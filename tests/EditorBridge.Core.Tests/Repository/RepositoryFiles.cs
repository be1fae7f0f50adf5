using System.Diagnostics.CodeAnalysis;

namespace EditorBridge.Repository;

/// <summary>The files of this repository as a checkout holds them: no build output, no fetched packages.</summary>
internal static class RepositoryFiles
{
    private static readonly string[] LeftOut = ["bin", "obj", "node_modules", ".git", "artifacts", "dist", "TestResults", "BenchmarkDotNet.Artifacts", "output", "backend"];

    public static string Root { get; } = FindRoot();

    /// <summary>Paths relative to the root, with forward slashes, of the files that end in one of <paramref name="endings"/>.</summary>
    public static IEnumerable<string> EndingIn(params string[] endings) =>
        Below(Root).Where(path => endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase))).Order(StringComparer.Ordinal);

    /// <summary>C# and Razor that ships: everything under src and portal.</summary>
    public static IEnumerable<string> ProductSources() => EndingIn(".cs", ".razor").Where(path => path.StartsWith("src/", StringComparison.Ordinal) || path.StartsWith("portal/", StringComparison.Ordinal));

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static string[] Lines(string path) => File.ReadAllLines(Path.Combine(Root, path));

    public static bool Exists(string path) => Path.Exists(Path.Combine(Root, path));

    private static IEnumerable<string> Below(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder))
            yield return Path.GetRelativePath(Root, file).Replace('\\', '/');
        foreach (var inner in Directory.EnumerateDirectories(folder).Where(inner => !LeftOut.Contains(Path.GetFileName(inner))))
            foreach (var file in Below(inner))
                yield return file;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "EditorBridge.sln")))
                return folder.FullName;
        throw new InvalidOperationException($"No EditorBridge.sln above {AppContext.BaseDirectory}: run the tests from a checkout.");
    }
}

/// <summary>A rule about the repository: what breaks it, and what to do then.</summary>
internal static class Rule
{
    /// <summary>Fails with every breach, one a line, and with the way out.</summary>
    public static void Holds(IEnumerable<string> breaches, string whatToDo)
    {
        var found = breaches.ToArray();
        if (found.Length > 0)
            Fail($"{whatToDo}\n  {string.Join("\n  ", found)}");
    }

    /// <summary>Fails when a scan looked at nothing: a rule over an empty set proves nothing.</summary>
    public static IReadOnlyList<T> NotEmpty<T>(this IEnumerable<T> items, string what)
    {
        var list = items.ToArray();
        if (list.Length == 0)
            Fail($"The scan found no {what}. Mend the scan.");
        return list;
    }

    [DoesNotReturn]
    private static void Fail(string message) => throw new Xunit.Sdk.XunitException(message);
}
