using System.Text;
using System.Text.Json;

namespace EditorBridge.Sandbox.Http;

/// <summary>Reads a JSON object body with the limits the account documents.</summary>
internal static class RequestBody
{
    /// <summary>Documented limit of a Cortex request, in bytes (20 MiB).</summary>
    public const int CortexLimit = 20 * 1024 * 1024;

    public static async Task<(JsonElement Body, SnowflakeError? Error)> ReadAsync(HttpContext context, int limit)
    {
        if (context.Request.ContentType?.Split(';')[0].Trim() is not "application/json")
        {
            return (default, new SnowflakeError(415, "Unsupported media type: send Content-Type: application/json."));
        }

        using var buffer = new MemoryStream();
        var chunk = new byte[64 * 1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(chunk, context.RequestAborted)) > 0)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > limit)
            {
                return (default, SnowflakeError.InvalidRequest($"request body exceeds the limit of {limit / (1024 * 1024)} MiB"));
            }
        }

        ReceivedRequests.KeepBody(context, Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
        try
        {
            var body = JsonElement.Parse(buffer.GetBuffer().AsSpan(0, (int)buffer.Length), new JsonDocumentOptions { MaxDepth = 256 });
            return body.ValueKind == JsonValueKind.Object
                ? (body, null)
                : (default, SnowflakeError.InvalidPayload("A JSON object is expected."));
        }
        catch (JsonException error)
        {
            return (default, SnowflakeError.InvalidPayload(error.Message));
        }
    }
}
