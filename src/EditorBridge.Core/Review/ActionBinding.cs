namespace EditorBridge.Review;

/// <summary>The exact action an approval holds for. Whatever differs when it is about to run voids the approval.</summary>
/// <param name="InputDigest">SHA-256 of the canonical input (RFC 8785) that may run, lower-case hex.</param>
/// <param name="FilePath">The file it would change, absolute; null without one.</param>
/// <param name="FileDigest">SHA-256 of that file's bytes, or <c>absent</c>.</param>
public sealed record ActionBinding(
    string Tool, string InputDigest, string? FilePath, string? FileDigest, string? Account, string? Role, string? Warehouse, string PolicyVersion)
{
    /// <summary>What is not as it was, as the subject and verb of a sentence; null when all is.</summary>
    public string? DifferenceTo(ActionBinding now)
    {
        if (Tool != now.Tool) return "The tool is another one";
        if (InputDigest != now.InputDigest) return "The input is another one";
        if (FilePath != now.FilePath) return "The file is another one";
        if (FileDigest != now.FileDigest) return $"{FileName(now.FilePath)} has changed";
        if (Account != now.Account) return "The Snowflake account is another one";
        if (Role != now.Role) return "The Snowflake role is another one";
        if (Warehouse != now.Warehouse) return "The warehouse is another one";
        return PolicyVersion != now.PolicyVersion ? "The policy has changed" : null;
    }

    private static string FileName(string? path) => path is null ? "The file" : path[(path.LastIndexOfAny(['/', '\\']) + 1)..];
}
