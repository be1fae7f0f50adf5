using System.Text;
using System.Text.Json;
using EditorBridge.Repository;

namespace EditorBridge.Messages;

/// <summary>The cases under tests/vectors/messages.</summary>
internal static class Vectors
{
    public static IEnumerable<JsonElement> Cases(string file)
    {
        using var document = JsonDocument.Parse(RepositoryFiles.Read($"tests/vectors/messages/{file}"));
        return [.. document.RootElement.Clone().EnumerateArray()];
    }

    public static IEnumerable<string> Streams() =>
        Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "tests/vectors/messages/streams"), "*.sse").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);

    public static byte[] Stream(string name) => File.ReadAllBytes(Path.Combine(RepositoryFiles.Root, "tests/vectors/messages/streams", name));

    public static MessagesRequest Request(string json) =>
        MessagesRequest.TryParse(Encoding.UTF8.GetBytes(json), out var request, out var error) ? request : throw new Xunit.Sdk.XunitException(error.Message);
}
