using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Editor;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Mcp.Trust;
using EditorBridge.Review;

namespace EditorBridge.Bridge;

/// <summary>What the portal may ask of the host: give verdicts and have its accesses recorded. Its own token opens these routes and nothing else.</summary>
internal static class BridgeEndpoints
{
    private const int LargestVerdict = 32 * 1024 * 1024;

    public static void MapBridge(this IEndpointRouteBuilder routes)
    {
        var bridge = routes.MapGroup("/bridge").RequireToken(Client.Portal);
        bridge.MapPost("/reviews/{id}/verdict", GiveVerdictAsync).WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(LargestVerdict));
        bridge.MapGet("/grants", (SessionGrants grants) => Results.Json(EditorViews.Of(grants.InForce)));
        bridge.MapPost("/grants/{id}/revoke", RevokeAsync);
        bridge.MapGet("/mcp/pins", async (PinDesk pins, CancellationToken cancellationToken) => Results.Json(await pins.LookAsync(cancellationToken)));
        bridge.MapPost("/mcp/pins/decision", DecidePinsAsync);
        bridge.MapPost("/records", RecordAccessAsync);
        bridge.MapPost("/evidence", EvidenceEndpoint.MakeAsync);
        bridge.MapPolicy();
        bridge.MapGet("/status", (LedgerWriter ledger) => Results.Json(new StatusReply(HostApplication.Version, ledger.Health.Available, ledger.Health.Problem)));
    }

    private static async Task<IResult> GiveVerdictAsync(string id, VerdictBody body, ReviewDesk desk)
    {
        if (string.IsNullOrWhiteSpace(body.Person)) return Results.BadRequest(new VerdictReply("badRequest", "A verdict needs the person who gives it."));
        if (!Enum.TryParse<VerdictKind>(body.Kind, ignoreCase: true, out var kind) || !Enum.IsDefined(kind))
            return Results.BadRequest(new VerdictReply("badRequest", "A verdict is approve, approveEdited or reject."));
        try
        {
            var outcome = await desk.GiveAsync(id, new Verdict(kind, body.Person.Trim(), "portal", body.Reason, body.Text, body.AgainForSession));
            return Results.Json(new VerdictReply(GateEntries.Wirename(outcome.Result), outcome.Message));
        }
        catch (LedgerUnavailableException e)
        {
            return Results.Json(new VerdictReply("notRecorded", $"The verdict could not be recorded, so nothing was decided. {e.Message}"), statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static async Task<IResult> RevokeAsync(string id, RevokeBody body, SessionGrants grants)
    {
        if (string.IsNullOrWhiteSpace(body.Person)) return Results.BadRequest(new { message = "A session grant is taken back by a person." });
        try
        {
            return Results.Json(new { revoked = await grants.RevokeAsync(id, body.Person.Trim()) });
        }
        catch (LedgerUnavailableException e)
        {
            return Results.Json(new { message = $"{id} is out of force, but that could not be recorded. {e.Message}" }, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static async Task<IResult> DecidePinsAsync(PinDecisionBody body, PinDesk pins)
    {
        if (string.IsNullOrWhiteSpace(body.Person)) return Results.BadRequest(new { message = "A decision needs the person who takes it." });
        if (body.Decision is not { Server: { }, Definitions: { } }) return Results.BadRequest(new { message = "A decision names a server and its definitions." });
        try
        {
            return Results.Json(await pins.DecideAsync(body.Decision, body.Person.Trim(), "portal"));
        }
        catch (LedgerUnavailableException e)
        {
            return Results.Json(new PinAnswer(PinResult.NotPossible, $"The decision could not be recorded, so nothing was decided. {e.Message}"), statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static async Task<IResult> RecordAccessAsync(AccessBody body, LedgerWriter ledger)
    {
        if (string.IsNullOrWhiteSpace(body.Person) || string.IsNullOrWhiteSpace(body.What))
            return Results.BadRequest(new { message = "An access record needs a person and what was looked at." });
        try
        {
            var entry = await ledger.AppendAsync(new AuditDraft
            {
                Kind = EntryKind.Access,
                CallId = body.CallId ?? "access-" + Guid.CreateVersion7().ToString("N"),
                Actor = "person:" + body.Person.Trim(),
                Door = "portal",
                Subject = body.What,
                Result = body.Kind,
                Facts = new JsonObject { ["reason"] = body.Reason, ["role"] = body.Role, ["detail"] = body.Detail is { } detail ? JsonNode.Parse(detail.GetRawText()) : null },
            });
            return Results.Json(new { sequence = entry.Sequence });
        }
        catch (LedgerUnavailableException e)
        {
            return Results.Json(new { message = $"The access could not be recorded, so it is not shown. {e.Message}" }, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }

    /// <param name="Kind">approve, approveEdited or reject.</param>
    private sealed record VerdictBody(string Kind, string Person, string? Reason, string? Text, bool AgainForSession = false);

    private sealed record RevokeBody(string Person);

    private sealed record PinDecisionBody(string Person, PinDecision Decision);

    /// <param name="Problem">Why records cannot be taken; null while they can.</param>
    private sealed record StatusReply(string Version, bool Recording, string? Problem);

    private sealed record VerdictReply(string Result, string Message);

    /// <param name="Kind">view, search, reveal, export, signIn, …</param>
    /// <param name="What">What was looked at, for people: a page, a call, an export's name.</param>
    private sealed record AccessBody(string Kind, string Person, string? Role, string What, string? Reason, string? CallId, JsonElement? Detail);
}
