using System.Text.Json;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Script;

namespace EditorBridge.Sandbox.Cortex;

/// <summary>One wire format of inference: what it refuses, how it is read, and how a finished turn is written in it.</summary>
internal abstract class Dialect
{
    /// <returns>The refusal, or null when the account would take the request.</returns>
    public SnowflakeError? Refusal(HttpRequest request, JsonElement body)
    {
        try
        {
            return FirstRefusal(request, body);
        }
        catch (InvalidOperationException)
        {
            // A JSON value of another kind than the field takes, such as a number where an object belongs.
            return new SnowflakeError(400, "schema validation failed");
        }
    }

    public abstract Conversation Conversation(JsonElement body);

    public abstract bool WantsStream(JsonElement body);

    /// <summary>The most output tokens the request allows; null for no limit of its own.</summary>
    public abstract int? MaxTokens(JsonElement body);

    public virtual IReadOnlyList<string> StopSequences(JsonElement body) => [];

    public abstract void WriteMessage(Utf8JsonWriter writer, JsonElement body, FinishedTurn turn);

    public abstract IEnumerable<SseEvent> Stream(JsonElement body, FinishedTurn turn, Pacing pacing, bool emptyRole);

    /// <summary>How a failure looks once the stream has begun.</summary>
    public abstract SseEvent Failure(string requestId);

    protected abstract SnowflakeError? FirstRefusal(HttpRequest request, JsonElement body);

    protected static SnowflakeError UnknownModel(string? name) => new(400, $"unknown model {name}");
}
