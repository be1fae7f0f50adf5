using System.Text.Json;
using EditorBridge.Gate;
using EditorBridge.Guard;

namespace EditorBridge.Reconciliation;

/// <summary><c>POST /bridge/reconciliation</c>: compares the ledger with the account's record and tells its progress, one JSON line each, the report last.</summary>
internal static class ReconciliationEndpoint
{
    private const int LargestBody = 256 * 1024 * 1024;

    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    public static void MapReconciliation(this IEndpointRouteBuilder routes) => routes.MapPost("/bridge/reconciliation", AnswerAsync)
        .RequireToken(Client.Portal)
        .WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(LargestBody));

    // The body is read here and not bound: only after the token was checked may somebody make the host read this much.
    private static async Task AnswerAsync(HttpContext context, ReconciliationDesk desk)
    {
        var (body, problem) = await ReadAsync(context);
        if (body is null)
        {
            await WriteAsync(context, StatusCodes.Status400BadRequest, problem!);
            return;
        }

        var request = new ReconciliationRequest(
            body.From, body.To, Text(body.User), body.Everybody, Text(body.Role), "person:" + body.Person.Trim(), body.Surface, [.. body.Files ?? []]);
        if (desk.TryStart(request) is not { } news)
        {
            await WriteAsync(context, StatusCodes.Status409Conflict, "A comparison is already running. Wait for its end; its result stands in the ledger.");
            return;
        }

        context.Response.ContentType = "application/x-ndjson";
        await foreach (var line in news.ReadAllAsync(context.RequestAborted))
        {
            await JsonSerializer.SerializeAsync(context.Response.Body, ReconciliationLine.Of(line), GateEntries.Wire, context.RequestAborted);
            await context.Response.WriteAsync("\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private static async Task<(ReconciliationBody? Body, string? Problem)> ReadAsync(HttpContext context)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync<ReconciliationBody>(context.Request.Body, GateEntries.Wire, context.RequestAborted) is { } body
                ? Problem(body) is { } problem ? (null, problem) : (body, null)
                : (null, "The body is empty.");
        }
        catch (JsonException e)
        {
            return (null, $"The body is no request for a comparison: {e.Message}");
        }
    }

    private static string? Problem(ReconciliationBody body) =>
        string.IsNullOrWhiteSpace(body.Person) ? "A comparison needs the person who asks for it."
        : body.Surface is not ("portal" or "terminal") ? "A comparison is asked for from the portal or a terminal."
        : body.To <= body.From ? "The end of the time must come after its beginning."
        : body.To - body.From > Longest ? $"The account keeps its record for a year; choose a time of at most {Longest.TotalDays:0} days."
        : null;

    private static string? Text(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static Task WriteAsync(HttpContext context, int status, string problem)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new ReconciliationLine(null, null, problem), GateEntries.Wire);
    }
}
