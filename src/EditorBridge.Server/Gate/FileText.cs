using System.Security.Cryptography;

namespace EditorBridge.Gate;

/// <summary>The current text of files an agent wants to change.</summary>
internal static class FileText
{
    /// <summary>Stands for a file that is not there, where a digest is expected.</summary>
    public const string Absent = "absent";

    // What cannot be read now equals nothing that was read before.
    private const string Unreadable = "unreadable";

    // A file larger than this is not shown as a diff; the action is then judged by its new text alone.
    private const long LargestShown = 16 * 1024 * 1024;

    /// <summary>The file's text as UTF-8 (or by its byte order mark); null when there is none that can be shown.</summary>
    public static string? ReadOrNull(string path) => Read(path).Text;

    /// <summary>Lower-case hex SHA-256 of the file's bytes, or <see cref="Absent"/>.</summary>
    public static string Digest(string path) => Read(path).Digest;

    /// <summary>Text and digest of the same bytes.</summary>
    public static (string? Text, string Digest) Read(string path)
    {
        try
        {
            if (Directory.Exists(path)) return (null, Unreadable);
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (file.Length > LargestShown) return (null, Convert.ToHexStringLower(SHA256.HashData(file)));
            var bytes = new MemoryStream((int)file.Length);
            file.CopyTo(bytes);
            bytes.Position = 0;
            using var reader = new StreamReader(bytes);
            return (reader.ReadToEnd(), Convert.ToHexStringLower(SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length))));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return (null, Absent);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return (null, Unreadable);
        }
    }
}

/// <summary>The files one judgement has read, so that what is shown and what an approval is bound to are the same bytes.</summary>
internal sealed class FileReads
{
    private readonly Dictionary<string, (string? Text, string Digest)> _read = new(StringComparer.Ordinal);

    public string? TextOrNull(string path) => Of(path).Text;

    public string DigestOf(string path) => Of(path).Digest;

    private (string? Text, string Digest) Of(string path)
    {
        if (!_read.TryGetValue(path, out var file)) _read[path] = file = FileText.Read(path);
        return file;
    }
}
