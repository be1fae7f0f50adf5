using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using EditorBridge.Messages;
using EditorBridge.Snowflake;
using Microsoft.AspNetCore.Mvc;

namespace EditorBridge.Proxy;

/// <summary>
/// <c>GET /v1/models</c> in Anthropic's shape, from the account's own list. Claude Code keeps only ids with "claude" or "anthropic" in them,
/// so another model stands there twice: under the account's name, and under one that Claude Code offers. The person's own names from <c>proxy.json</c> are listed too.
/// </summary>
internal sealed class ModelsEndpoint(CortexClient cortex, ProxySettings settings)
{
    // The account does not say when a model came; clients want a date and use it for nothing.
    private const string UnknownDate = "1970-01-01T00:00:00Z";

    /// <param name="query">Which part of the list is asked for: <c>limit</c>, and <c>after_id</c> or <c>before_id</c>.</param>
    public Task<IResult> ListAsync(ModelPage query, CancellationToken cancellationToken) => query.Problem is { } problem
        ? Task.FromResult(Failed(problem))
        : AnswerAsync(models =>
        {
            var (page, more) = query.Of(models);
            return new JsonObject
            {
                ["data"] = new JsonArray([.. page.Select(id => Entry(id, models))]),
                ["has_more"] = more,
                ["first_id"] = page.FirstOrDefault(),
                ["last_id"] = page.LastOrDefault(),
            };
        }, cancellationToken);

    public Task<IResult> GetAsync(string id, CancellationToken cancellationToken) =>
        AnswerAsync(models => models.Contains(id, StringComparer.Ordinal) ? Entry(id, models) : null, cancellationToken);

    private async Task<IResult> AnswerAsync(Func<ImmutableArray<string>, JsonObject?> answer, CancellationToken cancellationToken)
    {
        AnthropicError error;
        try
        {
            if (answer(Listed(await cortex.ListModelsAsync(cancellationToken))) is { } json) return Results.Json(json);
            error = new AnthropicError(404, AnthropicErrorType.NotFound, "The account does not offer this model to your role. GET /v1/models lists those it offers.");
        }
        catch (CortexException e)
        {
            error = e.Failure.Error;
        }

        return Failed(error);
    }

    private ImmutableArray<string> Listed(ImmutableArray<string> account)
    {
        var own = settings.Rules.ModelAliases.Where(alias => !ModelNames.DefaultAliases.ContainsKey(alias.Key) && account.Contains(alias.Value, StringComparer.Ordinal)).Select(alias => alias.Key);
        return [.. account.SelectMany(model => (string[])[model, ModelNames.DiscoveryId(model)]).Concat(own.Order(StringComparer.Ordinal)).Distinct(StringComparer.Ordinal)];
    }

    private static IResult Failed(AnthropicError error) => Results.Text(AnthropicErrors.Write(error, requestId: null), "application/json", error.Status);

    private JsonObject Entry(string id, ImmutableArray<string> listed) => new()
    {
        ["type"] = "model",
        ["id"] = id,
        ["display_name"] = (ModelNames.Resolve(id, settings.Rules.ModelAliases) is var model && listed.Contains(model, StringComparer.Ordinal) ? model : id) + " (Snowflake Cortex)",
        ["created_at"] = UnknownDate,
        // The account lists what it serves and says no more; clients of the second API version ask for each of these.
        ["lifecycle"] = "active",
        ["line"] = null,
        ["deprecated_at"] = null,
        ["retires_at"] = null,
        ["max_input_tokens"] = null,
        ["max_tokens"] = null,
        ["capabilities"] = null,
    };
}

/// <summary>A page of the list of models, as the API's clients ask for it. Without a limit the page is the whole list.</summary>
internal readonly record struct ModelPage(
    [property: FromQuery(Name = "limit")] string? Limit, [property: FromQuery(Name = "after_id")] string? AfterId, [property: FromQuery(Name = "before_id")] string? BeforeId)
{
    private const int Largest = 1000;

    /// <summary>Why the question cannot be answered, or null.</summary>
    public AnthropicError? Problem =>
        Limit is not null && Size is null ? AnthropicErrors.InvalidRequest($"limit: Input should be a whole number from 1 to {Largest}")
        : AfterId is not null && BeforeId is not null ? AnthropicErrors.InvalidRequest("after_id and before_id: only one of them can be given")
        : null;

    private int? Size => int.TryParse(Limit, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size is >= 1 and <= Largest ? size : null;

    /// <summary>The page, and whether the list goes on in its direction. After an id that is not in the list comes nothing.</summary>
    public (ImmutableArray<string> Page, bool More) Of(ImmutableArray<string> models)
    {
        var size = Size ?? Largest;
        if (BeforeId is { } before)
        {
            var end = Math.Max(0, models.IndexOf(before));
            var start = Math.Max(0, end - size);
            return (models[start..end], start > 0);
        }

        var from = AfterId is not { } after ? 0 : models.IndexOf(after) is var at and >= 0 ? at + 1 : models.Length;
        var to = Math.Min(models.Length, from + size);
        return (models[from..to], to < models.Length);
    }
}
