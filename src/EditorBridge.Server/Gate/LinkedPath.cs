namespace EditorBridge.Gate;

/// <summary>Where a path leads when every link in it is followed. A rule speaks of that place as well as of the path as it was written.</summary>
internal static class LinkedPath
{
    /// <summary>Links that lead to links; a system gives up after as many.</summary>
    private const int MostLinks = 40;

    /// <param name="path">Absolute. What is not there counts as what it would be once made.</param>
    public static string Follow(string path) => Follow(path, MostLinks);

    /// <summary>The same as seen from a folder that is itself behind a link: what is in it stays in it by the name it is known by.</summary>
    /// <param name="folders">Folders that rules speak of, such as the workspace and the home folder; null where one is not known.</param>
    public static string FollowFrom(string path, params IEnumerable<string?> folders)
    {
        var real = Follow(path);
        foreach (var folder in folders.OfType<string>().Where(Path.IsPathRooted))
        {
            var root = Follow(folder);
            if (real == root || real.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal)) return Path.Join(folder, real[root.Length..]);
        }

        return real;
    }

    private static string Follow(string path, int most)
    {
        var real = Path.GetPathRoot(path)!;
        foreach (var part in Path.GetRelativePath(real, path).Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."))
        {
            var next = Path.Combine(real, part);
            real = LinkOf(next) is { } target && most > 0 ? Follow(Path.GetFullPath(target, real), most - 1) : next;
        }

        return Path.TrimEndingDirectorySeparator(real);
    }

    private static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            // Whoever cannot look there cannot go on there either.
            return null;
        }
    }
}
