using System.Text.Json;

namespace EditorBridge.Sandbox.Http;

/// <summary>
/// Snowflake's flat error body: <c>message</c>, <c>code</c> with its deprecated twin <c>error_code</c>, <c>request_id</c>.
/// It is never Anthropic's envelope, and <c>code</c> is absent where Snowflake documents only a text.
/// </summary>
/// <param name="Status">HTTP status code.</param>
internal sealed record SnowflakeError(int Status, string Message, string? Code = null)
{
    public static SnowflakeError InvalidRequest(string detail) => new(400, $"invalid request parameters: {detail}");

    public static SnowflakeError InvalidPayload(string detail) =>
        new(400, $"The incoming request does not contain a valid payload. {detail}", "390142");

    public async Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        context.Response.ContentType = "application/json";
        await using var writer = new Utf8JsonWriter(context.Response.BodyWriter, SandboxJson.WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("message", Message);
        if (Code is not null)
        {
            writer.WriteString("code", Code);
            writer.WriteString("error_code", Code);
        }

        writer.WriteString("request_id", RequestMark.IdOf(context));
        writer.WriteEndObject();
    }
}
