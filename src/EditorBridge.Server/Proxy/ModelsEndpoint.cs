using System.Text.Json.Nodes;
using EditorBridge.Messages;
using EditorBridge.Snowflake;

namespace EditorBridge.Proxy;

/// <summary>
/// <c>GET /v1/models</c> in Anthropic's shape, from the account's own list. Claude Code keeps only ids with "claude" or "anthropic" in them,
/// so other models are listed under an alias that has it.
/// </summary>
internal sealed class ModelsEndpoint(CortexClient cortex)
{
    // The account does not say when a model came; clients want a date and use it for nothing.
    private const string UnknownDate = "1970-01-01T00:00:00Z";

    public async Task<IResult> ListAsync(CancellationToken cancellationToken)
    {
        var (models, error) = await cortex.ListModelsAsync(cancellationToken);
        if (error is not null) return Results.Bytes(AnthropicErrors.Write(error, requestId: null), "application/json", statusCode: error.Status);
        var data = new JsonArray([.. models.Select(Entry)]);
        return Results.Json(new JsonObject
        {
            ["data"] = data,
            ["has_more"] = false,
            ["first_id"] = models.Length > 0 ? models[0] : null,
            ["last_id"] = models.Length > 0 ? models[^1] : null,
        });
    }

    public async Task<IResult> GetAsync(string id, CancellationToken cancellationToken)
    {
        var (models, error) = await cortex.ListModelsAsync(cancellationToken);
        error ??= models.Contains(id, StringComparer.Ordinal) ? null : new AnthropicError(404, AnthropicErrorType.NotFound, $"The account has no model {id}. GET /v1/models lists those it has.");
        return error is null ? Results.Json(Entry(id)) : Results.Bytes(AnthropicErrors.Write(error, requestId: null), "application/json", statusCode: error.Status);
    }

    private static JsonObject Entry(string id) => new()
    {
        ["type"] = "model",
        ["id"] = id,
        ["display_name"] = id + " (Snowflake Cortex)",
        ["created_at"] = UnknownDate,
    };
}
