using EditorBridge.Review;

namespace EditorBridge.Editor;

/// <summary>Which editor windows a review is shown in: those whose folder holds the file, else those whose folder holds the agent's workspace, else all.</summary>
internal static class ReviewRouting
{
    public static bool Concerns(ReviewItem item, IReadOnlyCollection<string> folders, IEnumerable<IReadOnlyCollection<string>> allWindows)
    {
        foreach (var place in (string?[])[item.Change?.Path, item.Workspace])
        {
            if (place is null) continue;
            if (Holds(folders, place)) return true;
            if (allWindows.Any(window => Holds(window, place))) return false;
        }

        return true;
    }

    private static bool Holds(IEnumerable<string> folders, string path) => folders.Any(folder => IsWithin(path, folder));

    /// <summary>Whether a path is a folder or lies below it, by the platform's own notion of equal names.</summary>
    public static bool IsWithin(string path, string folder)
    {
        var comparison = OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        var inside = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var outside = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        return inside.StartsWith(outside, comparison)
            && (inside.Length == outside.Length || outside.EndsWith(Path.DirectorySeparatorChar) || inside[outside.Length] == Path.DirectorySeparatorChar);
    }
}
