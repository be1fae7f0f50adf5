using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Setup;

/// <summary>A package of our VS Code extension.</summary>
/// <param name="HasBackend">Whether it carries the program; if not, the editor has to be told where it is.</param>
internal sealed record VsixFile(string Path, string Version, bool HasBackend)
{
    /// <exception cref="SetupException">It is not there, or no package of ours.</exception>
    public static VsixFile Open(string path)
    {
        try
        {
            using var archive = ZipFile.OpenRead(path);
            if (archive.GetEntry("extension/package.json") is not { } manifest) throw new SetupException($"{path} is no VS Code extension. Nothing was installed.");
            using var reader = new StreamReader(manifest.Open());
            var package = JsonNode.Parse(reader.ReadToEnd());
            return $"{package?["publisher"]}.{package?["name"]}" == VsCodeVariant.ExtensionId && package?["version"]?.GetValue<string>() is { } version
                ? new(System.IO.Path.GetFullPath(path), version, archive.Entries.Any(entry => entry.FullName.StartsWith("extension/backend/", StringComparison.Ordinal)))
                : throw new SetupException($"{path} is another extension than {VsCodeVariant.ExtensionId}. Nothing was installed.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or JsonException)
        {
            throw new SetupException($"{path} cannot be read: {e.Message} Nothing was installed.");
        }
    }

    /// <summary>The package that lies in one of these folders: the one for this machine, else the one for every machine.</summary>
    public static VsixFile? Near(IEnumerable<string> folders)
    {
        var files = folders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "editorbridge-*.vsix")).ToArray();
        // package.mjs ends a package for one platform with that platform's name.
        string?[] wanted =
        [
            files.FirstOrDefault(file => file.EndsWith($"-{Target}.vsix", StringComparison.Ordinal)),
            files.FirstOrDefault(file => System.IO.Path.GetFileName(file).Count(c => c == '-') == 1),
            files.FirstOrDefault(file => file.EndsWith("-without-backend.vsix", StringComparison.Ordinal)),
        ];
        return wanted.OfType<string>().FirstOrDefault() is { } found ? Open(found) : null;
    }

    // VS Code's name of this platform.
    private static string Target =>
        (OperatingSystem.IsWindows() ? "win32" : OperatingSystem.IsMacOS() ? "darwin" : "linux") + "-" + (RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "x64");
}
