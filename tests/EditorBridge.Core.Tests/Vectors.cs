using System.Runtime.CompilerServices;

namespace EditorBridge.Tests;

/// <summary>The plain-text cases under tests/vectors, which other languages can read too.</summary>
internal static class Vectors
{
    public static string PathOf(string relative) => Path.GetFullPath(Path.Combine(Folder(), relative));

    private static string Folder([CallerFilePath] string thisFile = "") => Path.Combine(Path.GetDirectoryName(thisFile)!, "..", "vectors");
}
