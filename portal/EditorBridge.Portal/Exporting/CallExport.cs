using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using EditorBridge.Ledger;

namespace EditorBridge.Portal.Exporting;

public enum ExportFormat
{
    Csv,
    Jsonl,
}

/// <summary>
/// All calls that fit a filter, as a file: metadata only, never a payload. Rows are written as they are read, a page of the ledger at a time,
/// so that a million rows need no more memory than a thousand.
/// </summary>
public sealed class CallExport(LedgerReader reader)
{
    private const int PageSize = 1000;

    // One cell after the other; the JSON names are the same words in camel case.
    private static readonly (string Name, Func<AuditCall, object?> Value)[] Columns =
    [
        ("callId", call => call.CallId),
        ("kind", call => call.Kind.ToString().ToLowerInvariant()),
        ("state", call => call.State.ToString().ToLowerInvariant()),
        ("startedAt", call => Time(call.StartedAt)),
        ("lastAt", call => Time(call.LastAt)),
        ("session", call => call.SessionId),
        ("agent", call => call.Actor),
        ("door", call => call.Door),
        ("tool", call => call.Tool),
        ("model", call => call.Model),
        ("subject", call => call.Subject),
        ("severity", call => call.Severity),
        ("class", call => call.Class),
        ("policy", call => call.Effect),
        ("decidedBy", call => call.Reviewer),
        ("heldMilliseconds", call => call.HeldMilliseconds),
        ("durationMilliseconds", call => call.DurationMilliseconds),
        ("inputTokens", call => call.InputTokens),
        ("outputTokens", call => call.OutputTokens),
        ("cacheReadTokens", call => call.CacheReadTokens),
        ("cacheWriteTokens", call => call.CacheWriteTokens),
        ("requestId", call => call.RequestId),
        ("queryId", call => call.QueryId),
        ("firstSequence", call => call.FirstSequence),
        ("lastSequence", call => call.LastSequence),
    ];

    /// <summary>Writes the file and returns how many calls it holds.</summary>
    public async Task<long> WriteAsync(CallFilter filter, ExportFormat format, Stream output, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>();
        if (format == ExportFormat.Csv) Line(buffer, Columns.Select(column => (object?)column.Name));
        CallCursor? cursor = null;
        var count = 0L;
        do
        {
            var page = await reader.CallsAsync(filter, cursor, PageSize, cancellationToken);
            foreach (var call in page.Calls)
            {
                if (format == ExportFormat.Csv) Line(buffer, Columns.Select(column => column.Value(call)));
                else Object(buffer, call);
            }

            count += page.Calls.Length;
            await output.WriteAsync(buffer.WrittenMemory, cancellationToken);
            buffer.ResetWrittenCount();
            cursor = page.Older;
        }
        while (cursor is not null);
        return count;
    }

    // RFC 4180, and no cell that a spreadsheet would run as a formula: an agent chooses subjects and names.
    internal static string Cell(object? value)
    {
        if (value is long number) return number.ToString(CultureInfo.InvariantCulture);
        var text = value as string ?? "";
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r') text = "'" + text;
        return text.AsSpan().ContainsAny("\",\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    private static void Line(ArrayBufferWriter<byte> buffer, IEnumerable<object?> cells) =>
        Encoding.UTF8.GetBytes(string.Join(',', cells.Select(Cell)) + "\r\n", buffer);

    private static void Object(ArrayBufferWriter<byte> buffer, AuditCall call)
    {
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (name, value) in Columns)
            {
                if (value(call) is not { } present) continue;
                json.WritePropertyName(name);
                if (present is long number) json.WriteNumberValue(number);
                else json.WriteStringValue((string)present);
            }

            json.WriteEndObject();
        }

        "\n"u8.CopyTo(buffer.GetSpan(1));
        buffer.Advance(1);
    }

    private static string Time(DateTimeOffset instant) => instant.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
