using System.Text.Json;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Cortex;

/// <summary>One server-sent event. A null name is a frame without an <c>event:</c> line.</summary>
internal readonly record struct SseEvent(string? Name, byte[] Data)
{
    /// <summary>An event whose data begins with its own name as <c>type</c>, as Anthropic's do.</summary>
    public static SseEvent Of(string name, Action<Utf8JsonWriter> writeFields) => new(name, SandboxJson.Bytes(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("type", name);
        writeFields(writer);
        writer.WriteEndObject();
    }));

    /// <summary>A nameless frame of one JSON object, as OpenAI's format and Snowflake's own have it.</summary>
    public static SseEvent Nameless(Action<Utf8JsonWriter> writeFields) => new(null, SandboxJson.Bytes(writer =>
    {
        writer.WriteStartObject();
        writeFields(writer);
        writer.WriteEndObject();
    }));
}
