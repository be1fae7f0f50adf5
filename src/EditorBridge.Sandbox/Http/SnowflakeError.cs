using System.Text.Json;

namespace EditorBridge.Sandbox.Http;

/// <summary>
/// Snowflake's flat error body: <c>message</c>, <c>code</c> with its deprecated twin <c>error_code</c>, <c>request_id</c>.
/// It is never Anthropic's envelope, and <c>code</c> is absent where Snowflake documents only a text.
/// </summary>
/// <param name="Status">HTTP status code.</param>
internal sealed record SnowflakeError(int Status, string Message, string? Code = null)
{
    /// <summary>An expired session on a REST path: a 200 that is none.</summary>
    public static readonly SnowflakeError SessionExpired = Login(200, "Your session has expired. Please login again.", "390112");

    /// <summary>True for the body of the sign-in paths: <c>data</c>, <c>code</c>, <c>message</c>, <c>success</c>.</summary>
    private bool LoginShape { get; init; }

    public static SnowflakeError Login(int status, string message, string code) => new(status, message, code) { LoginShape = true };

    public static SnowflakeError InvalidRequest(string detail) => new(400, $"invalid request parameters: {detail}");

    public static SnowflakeError InvalidPayload(string detail) =>
        new(400, $"The incoming request does not contain a valid payload. {detail}", "390142");

    public Task WriteAsync(HttpContext context) => SandboxJson.WriteAsync(context, Status, writer =>
    {
        writer.WriteStartObject();
        if (LoginShape)
        {
            writer.WriteNull("data");
            writer.WriteString("code", Code);
            writer.WriteString("message", Message);
            writer.WriteBoolean("success", false);
            writer.WriteNull("headers");
        }
        else
        {
            WriteFlat(writer, context);
        }

        writer.WriteEndObject();
    });

    private void WriteFlat(Utf8JsonWriter writer, HttpContext context)
    {
        writer.WriteString("message", Message);
        if (Code is not null)
        {
            writer.WriteString("code", Code);
            writer.WriteString("error_code", Code);
        }

        writer.WriteString("request_id", RequestMark.IdOf(context));
    }
}
