using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using StreamJsonRpc;

namespace EditorBridge.Editor;

/// <summary>How the contract travels: JSON-RPC 2.0 with <c>Content-Length</c> headers, on stdio to the extension and on the control socket to the host.</summary>
internal static class EditorWire
{
    /// <summary>The contract's JSON: camelCase names, nulls written.</summary>
    // Reflection stays behind the defaults on purpose: StreamJsonRpc sends $/cancelRequest as a dictionary of its own types, and a
    // resolver that does not know them drops every cancellation without a word.
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>A connection that does not listen yet; the caller adds its targets first.</summary>
    public static JsonRpc Over(Stream sending, Stream receiving) =>
        new(new HeaderDelimitedMessageHandler(sending, receiving, new SystemTextJsonFormatter { JsonSerializerOptions = Options }));

    /// <summary>The wire name of a state: its member in camelCase.</summary>
    public static string Name<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    public static LocalRpcException Error(int code, string message) => new(message) { ErrorCode = code };

    /// <summary>What either end answers to a peer of another version.</summary>
    public static LocalRpcException VersionMismatch(string peer, int peerVersion, string self) => Error(
        EditorErrors.VersionMismatch,
        $"{peer} speaks protocol {peerVersion}, {self} speaks {EditorMethods.ProtocolVersion}. Update the older of the two, and stop an old host with: editorbridge stop");
}
