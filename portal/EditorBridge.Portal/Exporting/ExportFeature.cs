using System.Globalization;
using System.Security.Cryptography;
using EditorBridge.Ledger;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Reading;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Http.Features;

namespace EditorBridge.Portal.Exporting;

/// <summary>
/// Downloads. An export is recorded before its first byte, with who asked and why, and again at its end with how many calls left and the file's SHA-256.
/// </summary>
public static class ExportFeature
{
    public const string Path = "/exports/file";

    public const string EvidencePath = "/exports/evidence";

    public static void MapExports(this WebApplication app)
    {
        app.MapPost(Path, SendCallsAsync).RequireAuthorization(nameof(PortalRight.Export));
        app.MapPost(EvidencePath, SendEvidenceAsync).RequireAuthorization(nameof(PortalRight.Export));
    }

    private static async Task SendEvidenceAsync(HttpContext context, HostConnection host, TimeProvider clock)
    {
        if (await FormAsync(context) is not { } form) return;
        var reason = form["reason"].ToString().Trim();
        if (reason.Length == 0)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "An evidence pack needs a reason. Nothing was exported. Go back and give one.");
            return;
        }

        var window = TimeWindow.Of(form["range"], form["from"], form["to"], clock.GetUtcNow());
        try
        {
            using var pack = await host.MakeEvidenceAsync(Viewer.From(context.User), window.From, window.To, reason, form["payloads"] == "on", context.RequestAborted);
            context.Response.ContentType = "application/zip";
            context.Response.Headers.ContentDisposition = pack.Content.Headers.ContentDisposition?.ToString() ?? "attachment; filename=\"evidence.zip\"";
            context.Response.Headers.CacheControl = "no-store";
            await pack.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (HostUnreachableException e)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, $"{e.Message} Nothing was exported.");
        }
    }

    private static async Task SendCallsAsync(HttpContext context, LedgerReader reader, AccessRecorder recorder, TimeProvider clock)
    {
        if (await FormAsync(context) is not { } form) return;
        var viewer = Viewer.From(context.User);
        var line = form["q"].ToString();
        var query = QueryLine.Parse(line);
        var reason = form["reason"].ToString().Trim();
        if (reason.Length == 0 || query.Problems.Length > 0 || !Enum.TryParse<ExportFormat>(form["format"], ignoreCase: true, out var format) || !Enum.IsDefined(format))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "An export needs a reason, a format and a filter that is understood. Nothing was exported. Go back and mend it.");
            return;
        }

        var window = TimeWindow.Of(form["range"], form["from"], form["to"], clock.GetUtcNow());
        var name = string.Create(CultureInfo.InvariantCulture, $"editorbridge-calls-{clock.GetUtcNow():yyyyMMdd'T'HHmmss'Z'}.{Extension(format)}");
        var described = $"{line} {window.Query}";
        try
        {
            await recorder.RecordAsync(viewer, AccessAction.Export, name, reason, null, new AccessDetail(Query: described), context.RequestAborted);
        }
        catch (HostUnreachableException e)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, $"{e.Message} Nothing was exported: an export without a record is not given.");
            return;
        }

        context.Response.ContentType = format switch
        {
            ExportFormat.Csv => "text/csv; charset=utf-8",
            ExportFormat.Parquet => "application/vnd.apache.parquet",
            _ => "application/jsonl; charset=utf-8",
        };
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
        context.Response.Headers.CacheControl = "no-store";
        // The Parquet library writes the ends of its groups and its footer synchronously, which the server refuses unless it is told.
        if (format is ExportFormat.Parquet && context.Features.Get<IHttpBodyControlFeature>() is { } body) body.AllowSynchronousIO = true;
        using var digest = SHA256.Create();
        long count;
        await using (var hashed = new CryptoStream(context.Response.Body, digest, CryptoStreamMode.Write, leaveOpen: true))
        {
            count = await CallExport.WriteAsync(reader, query.Filter with { From = window.From, To = window.To }, format, hashed, context.RequestAborted);
        }

        try
        {
            await recorder.RecordAsync(viewer, AccessAction.Export, name, null, null,
                new AccessDetail(Query: described, Count: count, Digest: Convert.ToHexStringLower(digest.Hash!)), CancellationToken.None);
        }
        catch (HostUnreachableException)
        {
            // The file is out and its first record stands; only the count and digest are missing there.
        }
    }

    private static string Extension(ExportFormat format) => format switch
    {
        ExportFormat.Csv => "csv",
        ExportFormat.JsonLines => "jsonl",
        ExportFormat.Ocsf => "ocsf.jsonl",
        ExportFormat.Parquet => "parquet",
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "An export format without an extension."),
    };

    /// <summary>Null when the request was refused already.</summary>
    private static async Task<IFormCollection?> FormAsync(HttpContext context)
    {
        try
        {
            return await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (Exception e) when (e is BadHttpRequestException or InvalidDataException)
        {
            await RefuseAsync(context, e is BadHttpRequestException bad ? bad.StatusCode : StatusCodes.Status400BadRequest, "The request is too large or is no form. Nothing was exported.");
            return null;
        }
    }

    private static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(message, context.RequestAborted);
    }
}
