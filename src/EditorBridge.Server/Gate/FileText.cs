namespace EditorBridge.Gate;

/// <summary>The current text of files an agent wants to change.</summary>
internal static class FileText
{
    // A file larger than this is not shown as a diff; the action is then judged by its new text alone.
    private const long LargestShown = 16 * 1024 * 1024;

    /// <summary>The file's text as UTF-8 (or by its byte order mark); null when there is none that can be shown.</summary>
    public static string? ReadOrNull(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return file.Exists && file.Length <= LargestShown ? File.ReadAllText(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
