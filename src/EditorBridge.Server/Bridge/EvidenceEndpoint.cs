using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;

namespace EditorBridge.Bridge;

/// <summary>
/// Evidence packs while the host runs: only the host holds the signing key, so the portal asks here. The export is an entry, and a checkpoint over it is signed, before a byte of the pack exists.
/// </summary>
internal static class EvidenceEndpoint
{
    /// <param name="Payloads">Whether payload texts go in; the portal has asked the person's rights.</param>
    internal sealed record EvidenceBody(DateTimeOffset From, DateTimeOffset To, string Person, string? Role, string Reason, bool Payloads);

    public static async Task<IResult> MakeAsync(EvidenceBody body, LedgerWriter ledger, StateFolder state, TimeProvider time, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(body.Person) || string.IsNullOrWhiteSpace(body.Reason) || body.To <= body.From)
            return Problem(StatusCodes.Status400BadRequest, "An evidence pack needs a person, a reason and a window of time. No pack was made.");
        var request = new EvidenceRequest { From = body.From, To = body.To, Actor = "person:" + body.Person.Trim(), Reason = body.Reason.Trim(), Payloads = body.Payloads };
        var name = EvidencePack.FileName(request);
        try
        {
            await ledger.AppendAsync(new AuditDraft
            {
                Kind = EntryKind.Access,
                CallId = "access-" + Guid.CreateVersion7().ToString("N"),
                Actor = request.Actor,
                Door = "portal",
                Subject = name,
                Result = "export",
                Facts = new JsonObject
                {
                    ["reason"] = request.Reason, ["role"] = body.Role,
                    ["detail"] = new JsonObject { ["from"] = body.From.ToString("O"), ["to"] = body.To.ToString("O"), ["payloads"] = body.Payloads },
                },
            });
            await ledger.SignCheckpointAsync();
        }
        catch (LedgerUnavailableException e)
        {
            return Problem(StatusCodes.Status503ServiceUnavailable, $"The export could not be recorded, so no pack was made. {e.Message}");
        }

        // Whole before the first byte is sent: a pack that breaks off would look like one that was cut.
        var file = new FileStream(state.In($"evidence-{Guid.CreateVersion7():N}.tmp"), Draft());
        try
        {
            using var reader = LedgerReader.Open(state.LedgerFolder);
            await EvidencePack.WriteAsync(reader, request, file, time.GetUtcNow(), ledger.SignAsync, cancellationToken);
            file.Position = 0;
            return Results.File(file, "application/zip", name);
        }
        catch (Exception e) when (e is LedgerUnreadableException or LedgerQueryTimeoutException or LedgerUnavailableException or IOException)
        {
            await file.DisposeAsync();
            return Problem(StatusCodes.Status409Conflict, $"No pack was made: {e.Message}");
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private static FileStreamOptions Draft()
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }

    private static IResult Problem(int status, string message) => Results.Json(new { message }, statusCode: status);
}
