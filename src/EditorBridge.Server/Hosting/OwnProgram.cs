namespace EditorBridge.Hosting;

/// <summary>How this very program is started again: by itself, or as the first argument of <c>dotnet</c>.</summary>
/// <param name="File">An absolute path.</param>
/// <param name="Arguments">What stands before the program's own arguments.</param>
internal sealed record OwnProgram(string File, IReadOnlyList<string> Arguments)
{
    /// <summary>Null when the system does not tell its path.</summary>
    public static OwnProgram? Current => Environment.ProcessPath is not { } self ? null
        : Path.GetFileNameWithoutExtension(self) == "dotnet" ? new(self, [Library])
        : new(self, []);

    /// <summary>The file an editor's setting names: the program, or its library for an editor to run with <c>dotnet</c>.</summary>
    public string Named => Arguments is [var library, ..] ? library : File;

    private static string Library => Path.Combine(AppContext.BaseDirectory, "editorbridge.dll");
}
