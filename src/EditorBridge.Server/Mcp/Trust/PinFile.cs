using System.Text.Json;
using System.Text.Json.Serialization;

namespace EditorBridge.Mcp.Trust;

/// <summary>All that is pinned and held of one server.</summary>
internal sealed record ServerPins
{
    public Dictionary<string, Pin> Pins { get; init; } = new(StringComparer.Ordinal);
    public Dictionary<string, HeldPin> Held { get; init; } = new(StringComparer.Ordinal);
}

/// <summary>
/// <c>mcp-pins.json</c> in the state folder, 0600: what was accepted, with its texts. The ledger says who accepted it and when; this file is what the gateway compares with.
/// Servers that are not configured any more stay in it, so that taking a server out and putting it back accepts nothing.
/// </summary>
internal sealed class PinFile(StateFolder state)
{
    private const int Version = 1;

    private static readonly JsonSerializerOptions Shape = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        WriteIndented = true,
        MaxDepth = 16,
    };

    public string Path { get; } = state.In("mcp-pins.json");

    /// <exception cref="StateFolderException">It can be read by others, or is not what was written.</exception>
    public Dictionary<string, ServerPins> Read()
    {
        try
        {
            if (StateFolder.ReadPrivate(Path) is not { } text) return new(StringComparer.Ordinal);
            var read = JsonSerializer.Deserialize<Content>(text, Shape);
            if (read is not { Version: Version, Servers: { } servers }) throw new StateFolderException($"{Path} is of another version of EditorBridge. {Mend}");
            return new Dictionary<string, ServerPins>(servers, StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new StateFolderException($"{Path} cannot be read: {e.Message} {Mend}", e);
        }
    }

    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(IReadOnlyDictionary<string, ServerPins> servers) =>
        StateFolder.WritePrivate(Path, JsonSerializer.Serialize(new Content(Version, servers.ToDictionary(s => s.Key, s => s.Value)), Shape) + "\n");

    private const string Mend = "Nothing of any MCP server is shown to clients. Put a copy of it back; or delete it, and a person accepts anew what the servers offer.";

    private sealed record Content(int Version, Dictionary<string, ServerPins>? Servers);
}
