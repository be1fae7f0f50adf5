using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Cortex;

/// <summary><c>GET /api/v2/cortex/models</c>: plain names of the models this session may use.</summary>
internal sealed class ModelsEndpoint(BearerCheck bearer)
{
    public async Task HandleAsync(HttpContext context)
    {
        if (bearer.Identify(context) is { Error: { } denied })
        {
            await denied.WriteAsync(context);
            return;
        }

        await SandboxJson.WriteAsync(context, 200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("models");
            foreach (var model in ModelCatalog.All)
            {
                writer.WriteStringValue(model.Name);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }
}
