namespace EditorBridge.Sandbox.Auth;

/// <summary>Writes a secret where only its owner can read it.</summary>
internal static class PatFile
{
    /// <summary>Replaces <paramref name="path"/> in one step; the file is 0600 from its first byte.</summary>
    public static void Write(string path, string secret)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        var temporary = $"{full}.{Environment.ProcessId}.tmp";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var writer = new StreamWriter(temporary, options))
        {
            writer.Write(secret);
        }

        File.Move(temporary, full, overwrite: true);
    }
}
