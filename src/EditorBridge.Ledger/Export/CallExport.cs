using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Ledger.Storage;

namespace EditorBridge.Ledger;

/// <summary>In which form calls are exported.</summary>
public enum ExportFormat
{
    /// <summary>RFC 4180, one call per line, safe to open in a spreadsheet.</summary>
    Csv,
    /// <summary>One JSON object per line.</summary>
    JsonLines,
    /// <summary>One OCSF event per line, for a SIEM.</summary>
    Ocsf,
    /// <summary>Apache Parquet with typed columns, for a warehouse or a notebook.</summary>
    Parquet,
}

/// <summary>Writes all calls of a filter, not only a page, newest first. Streams, so that a million calls need no more memory than ten.</summary>
public static class CallExport
{
    /// <summary>The OCSF schema the events are made for; written into each, because fields change their meaning between versions.</summary>
    public const string OcsfVersion = "1.6.0";

    private const int CallsPerQuery = 2000;

    // Parquet is written a group of rows at a time, and a group is held in memory.
    private const int CallsPerRowGroup = 20_000;

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <returns>How many calls were written.</returns>
    public static async Task<long> WriteAsync(LedgerReader reader, CallFilter filter, ExportFormat format, Stream output, CancellationToken cancellationToken)
    {
        if (format is ExportFormat.Parquet)
        {
            return await ParquetAsync(reader, filter, output, cancellationToken);
        }
        await using var writer = new StreamWriter(output, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 64 * 1024, leaveOpen: true) { NewLine = format is ExportFormat.Csv ? "\r\n" : "\n" };
        if (format is ExportFormat.Csv)
        {
            await writer.WriteLineAsync(string.Join(',', CallColumn.All.Select(static c => c.Name)));
        }
        long written = 0;
        await foreach (CallPage page in PagesAsync(reader, filter, cancellationToken))
        {
            foreach (AuditCall call in page.Calls)
            {
                await writer.WriteLineAsync(Line(call, format).AsMemory(), cancellationToken);
            }
            written += page.Calls.Length;
        }
        return written;
    }

    private static async Task<long> ParquetAsync(LedgerReader reader, CallFilter filter, Stream output, CancellationToken cancellationToken)
    {
        long written = 0;
        var group = new List<AuditCall>(CallsPerRowGroup);
        await using var parquet = await ParquetCalls.CreateAsync(output, cancellationToken);
        await foreach (CallPage page in PagesAsync(reader, filter, cancellationToken))
        {
            group.AddRange(page.Calls);
            written += page.Calls.Length;
            if (group.Count >= CallsPerRowGroup)
            {
                await parquet.WriteAsync(group, cancellationToken);
                group.Clear();
            }
        }
        await parquet.WriteAsync(group, cancellationToken);
        return written;
    }

    private static async IAsyncEnumerable<CallPage> PagesAsync(LedgerReader reader, CallFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        CallCursor? cursor = null;
        do
        {
            CallPage page = await reader.CallsAsync(filter, cursor, CallsPerQuery, cancellationToken);
            yield return page;
            cursor = page.Older;
        }
        while (cursor is not null);
    }

    internal static string Line(AuditCall call, ExportFormat format) => format switch
    {
        ExportFormat.Csv => string.Join(',', CallColumn.All.Select(c => Csv(Plain(c.Value(call))))),
        ExportFormat.JsonLines => JsonSerializer.Serialize(
            CallColumn.All.Select(c => KeyValuePair.Create(c.Name, Plain(c.Value(call)))).Where(static c => c.Value is not null).ToDictionary(), Json),
        ExportFormat.Ocsf => Ocsf(call).ToJsonString(Json),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "An export format without a writer."),
    };

    /// <summary>A value as RFC 4180 has it; a text a spreadsheet would run as a formula gets an apostrophe before it.</summary>
    internal static string Csv(object? value)
    {
        string text = value switch
        {
            null => "",
            bool flag => flag ? "true" : "false",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };
        if (value is string && text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r')
        {
            text = "'" + text;
        }
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>API Activity (6003) for requests and tools, Datastore Activity (6005) for statements that ran in the account.</summary>
    private static JsonObject Ocsf(AuditCall call)
    {
        bool datastore = call.QueryId is not null;
        int classUid = datastore ? 6005 : 6003;
        bool refused = call.State is CallState.Refused or CallState.Rejected or CallState.Expired;
        const int OtherActivity = 99;
        return new JsonObject
        {
            ["action_id"] = refused ? 2 : call.State is CallState.Pending or CallState.Running or CallState.Unknown ? 0 : 1,
            ["activity_id"] = OtherActivity,
            ["activity_name"] = call.Class ?? call.Kind.Name(),
            ["actor"] = new JsonObject { ["user"] = new JsonObject { ["name"] = call.Actor }, ["session"] = new JsonObject { ["uid"] = call.SessionId } },
            ["api"] = new JsonObject { ["operation"] = call.Tool ?? "messages", ["request"] = new JsonObject { ["uid"] = call.RequestId ?? call.CallId }, ["service"] = new JsonObject { ["name"] = call.Model ?? call.Door } },
            ["category_uid"] = 6,
            ["class_uid"] = classUid,
            ["duration"] = call.DurationMilliseconds,
            ["message"] = call.Subject,
            ["metadata"] = new JsonObject
            {
                ["product"] = new JsonObject { ["name"] = "EditorBridge", ["vendor_name"] = "EditorBridge" },
                ["sequence"] = call.FirstSequence,
                ["uid"] = call.CallId,
                ["version"] = OcsfVersion,
            },
            ["severity_id"] = call.Severity switch { "none" => 1, "low" => 2, "medium" => 3, "high" => 4, "critical" => 5, _ => 0 },
            ["status_id"] = call.State switch { CallState.Failed or CallState.Refused or CallState.Rejected or CallState.Expired => 2, CallState.Unknown or CallState.Pending or CallState.Running => 0, _ => 1 },
            ["status_detail"] = call.State.Name(),
            ["time"] = call.StartedAt.ToUnixTimeMilliseconds(),
            ["type_uid"] = (classUid * 100) + OtherActivity,
            ["unmapped"] = new JsonObject { ["effect"] = call.Effect, ["held_ms"] = call.HeldMilliseconds, ["query_id"] = call.QueryId, ["reviewer"] = call.Reviewer },
        };
    }

    private static object? Plain(object? value) => value is DateTimeOffset at ? Audit.CanonicalEntry.Time(at) : value;
}
