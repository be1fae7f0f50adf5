using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Cortex;

/// <summary>The AI Gateway's OTLP door: takes traces as protobuf or JSON and keeps only that they came.</summary>
internal sealed class TracesEndpoint(BearerCheck bearer)
{
    public async Task HandleAsync(HttpContext context)
    {
        if (bearer.Identify(context) is { Error: { } denied })
        {
            await denied.WriteAsync(context);
            return;
        }

        if (context.Request.ContentType?.Split(';')[0].Trim() is not ("application/json" or "application/x-protobuf") and var type)
        {
            await new SnowflakeError(415, $"Unsupported media type: {type}").WriteAsync(context);
            return;
        }

        await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        await SandboxJson.WriteAsync(context, 200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteEndObject();
        });
    }
}
