using System.Collections.Immutable;
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

    public Task<IResult> ListAsync(CancellationToken cancellationToken) => AnswerAsync(models => new JsonObject
    {
        ["data"] = new JsonArray([.. models.Select(Entry)]),
        ["has_more"] = false,
        ["first_id"] = models.FirstOrDefault(),
        ["last_id"] = models.LastOrDefault(),
    }, cancellationToken);

    public Task<IResult> GetAsync(string id, CancellationToken cancellationToken) =>
        AnswerAsync(models => models.Contains(id, StringComparer.Ordinal) ? Entry(id) : null, cancellationToken);

    private async Task<IResult> AnswerAsync(Func<ImmutableArray<string>, JsonObject?> answer, CancellationToken cancellationToken)
    {
        AnthropicError error;
        try
        {
            if (answer(await cortex.ListModelsAsync(cancellationToken)) is { } json) return Results.Json(json);
            error = new AnthropicError(404, AnthropicErrorType.NotFound, "The account does not offer this model to your role. GET /v1/models lists those it offers.");
        }
        catch (CortexException e)
        {
            error = e.Failure.Error;
        }

        return Results.Text(AnthropicErrors.Write(error, requestId: null), "application/json", error.Status);
    }

    private static JsonObject Entry(string id) => new()
    {
        ["type"] = "model",
        ["id"] = id,
        ["display_name"] = id + " (Snowflake Cortex)",
        ["created_at"] = UnknownDate,
    };
}
