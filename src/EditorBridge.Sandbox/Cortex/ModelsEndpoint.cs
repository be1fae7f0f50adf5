using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Cortex;

/// <summary><c>GET /api/v2/cortex/models</c>: plain names of the models this session may use.</summary>
internal sealed class ModelsEndpoint(SandboxAccount account)
{
    public static bool IsOffered(InferenceRights rights, Identity identity, CortexModel model) =>
        rights.MayUse(identity.Role, model.Name, crossRegionOnly: model.Family == ModelFamily.Claude);

    public async Task HandleAsync(HttpContext context)
    {
        var (identity, denied) = account.Bearer.Identify(context);
        if (denied is not null)
        {
            await denied.WriteAsync(context);
            return;
        }

        if (!account.Rights.MayCall(identity!.Role))
        {
            await new SnowflakeError(403, "Not Authorized").WriteAsync(context);
            return;
        }

        await SandboxJson.WriteAsync(context, 200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("models");
            foreach (var model in ModelCatalog.All.Where(model => IsOffered(account.Rights, identity, model)))
            {
                writer.WriteStringValue(model.Name);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }
}
