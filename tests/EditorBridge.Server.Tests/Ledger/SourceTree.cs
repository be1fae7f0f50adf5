using System.Runtime.CompilerServices;

namespace EditorBridge.Server.Tests.Ledger;

/// <summary>Where this checkout lies.</summary>
internal static class SourceTree
{
    public static string Root { get; } = Find();

    private static string Find([CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "..", ".."));
}
