using System.Collections.Immutable;

namespace EditorBridge.Policy;

/// <summary>
/// A path as its segments, for comparison with patterns. The first segment says where it hangs: empty for the root, <c>~</c> for the home folder,
/// <c>c:</c> for a drive, <c>?</c> for a folder that is not known. Segments may hold <c>*</c> and <c>?</c> when <see cref="IsPattern"/>.
/// </summary>
internal sealed record PathText(ImmutableArray<string> Segments, bool IsPattern)
{
    public const string UnknownFolder = "?";

    public override string ToString() => Segments is [""] ? "/" : string.Join('/', Segments.Select(segment => segment == UnknownFolder ? "…" : segment));

    /// <param name="path">As written; <c>\</c> counts as a separator.</param>
    /// <param name="folder">What a relative path starts from; null when not known.</param>
    /// <param name="home">The home folder, so that <c>~/x</c> and the long form compare equal.</param>
    /// <param name="isPattern">True when <c>*</c> and <c>?</c> in it are filled in by a shell.</param>
    public static PathText Of(string path, string? folder, string? home, bool isPattern = false)
    {
        var text = path.Replace('\\', '/');
        if (!IsRooted(text)) text = (folder is null ? UnknownFolder : folder.Replace('\\', '/').TrimEnd('/')) + "/" + text;
        var segments = new List<string>();
        foreach (var segment in text.Split('/'))
        {
            if (segments.Count == 0) segments.Add(segment);
            else if (segment is "" or ".") continue;
            else if (segment != "..") segments.Add(segment);
            else if (segments.Count > 1) segments.RemoveAt(segments.Count - 1);
            else if (segments[0] is UnknownFolder or "~") segments[0] = UnknownFolder;
        }
        return new PathText([.. InHome(segments, home)], isPattern);
    }

    public bool IsUnder(PathText folder) =>
        Segments.Length >= folder.Segments.Length && !IsPattern
        && Segments.Take(folder.Segments.Length).SequenceEqual(folder.Segments, StringComparer.OrdinalIgnoreCase);

    private static bool IsRooted(string text) =>
        text.StartsWith('/') || text == "~" || text.StartsWith("~/", StringComparison.Ordinal) || (text.Length > 1 && text[1] == ':' && char.IsAsciiLetter(text[0]));

    private static IEnumerable<string> InHome(List<string> segments, string? home)
    {
        if (segments[0] == "~") return segments;
        var length = home is null ? UsualHomeLength(segments) : LengthUnder(segments, home.Replace('\\', '/').TrimEnd('/').Split('/'));
        return length == 0 ? segments : segments.Skip(length).Prepend("~");
    }

    private static int LengthUnder(List<string> segments, string[] home) =>
        segments.Count >= home.Length && segments.Take(home.Length).SequenceEqual(home, StringComparer.OrdinalIgnoreCase) ? home.Length : 0;

    // Where nobody told us the home folder, the usual places count: too many protected files are better than too few.
    private static int UsualHomeLength(List<string> segments) => segments switch
    {
        ["", "root", ..] => 2,
        ["", "home" or "Users", _, ..] => 3,
        [[_, ':'], "Users" or "users", _, ..] => 3,
        _ => 0,
    };
}

/// <summary>
/// A path pattern of a rule: <c>**</c> stands for any number of folders, <c>*</c> and <c>?</c> for characters of one name.
/// <c>**/x</c> matches anywhere, <c>~/x</c> in the home folder, <c>/x</c> absolutely, and <c>x</c> in the workspace. <c>x/**</c> also matches <c>x</c> itself. Letter case is ignored.
/// </summary>
internal static class PathPattern
{
    public static Fit Match(string pattern, PathText path, string? workspace, string? home)
    {
        var text = pattern.Replace('\\', '/');
        var anywhere = text.StartsWith("**/", StringComparison.Ordinal);
        var segments = anywhere ? [.. text.Split('/')] : PathText.Of(text, workspace, home, isPattern: true).Segments;
        // A folder that is not known may be any.
        var isUnknown = segments[0] == PathText.UnknownFolder && !anywhere;
        if (isUnknown) segments = segments.SetItem(0, "**");
        var fit = MatchFrom(segments.AsSpan(), path.Segments.AsSpan(), path.IsPattern);
        return fit && (isUnknown || path.IsPattern || IsUncertain(path, anywhere)) ? Fit.Maybe : fit ? Fit.Yes : Fit.No;
    }

    private static bool IsUncertain(PathText path, bool anywhere) => path.Segments[0] == PathText.UnknownFolder && !anywhere;

    private static bool MatchFrom(ReadOnlySpan<string> pattern, ReadOnlySpan<string> path, bool pathIsPattern)
    {
        if (pattern.Length == 0) return path.Length == 0;
        if (pattern[0] == "**")
        {
            for (var skip = 0; skip <= path.Length; skip++)
                if (MatchFrom(pattern[1..], path[skip..], pathIsPattern)) return true;
            return false;
        }
        if (path.Length == 0) return false;
        return MatchSegment(pattern[0], path[0], pathIsPattern) && MatchFrom(pattern[1..], path[1..], pathIsPattern);
    }

    private static bool MatchSegment(string pattern, string segment, bool segmentIsPattern)
    {
        if (!segmentIsPattern || !Glob.IsPattern(segment)) return segment == PathText.UnknownFolder ? false : Glob.IsMatch(pattern, segment);
        // A shell's leading * or ? does not stand for the dot of a hidden name.
        if (segment[0] is '*' or '?' && pattern.StartsWith('.')) return false;
        // "*" could be any name, so it says nothing about this one; folders with guarded files are guarded as folders.
        if (segment.AsSpan().Trim("*?").IsEmpty) return pattern.AsSpan().Trim('*').IsEmpty;
        // Two patterns nearly always have a text in common; what counts is whether the shell's can give the guarded name.
        return Glob.MayMeet(pattern.Replace("*", "", StringComparison.Ordinal), segment);
    }
}
