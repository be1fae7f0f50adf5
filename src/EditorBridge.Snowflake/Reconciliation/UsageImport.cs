using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.VisualBasic.FileIO;

namespace EditorBridge.Snowflake;

/// <summary>
/// Reads what somebody exported from the account: CSV as a worksheet downloads it, or JSON rows as the account's command line prints them.
/// The columns tell which view it is, so a file may hold the view itself or the statement of <see cref="UsageViews.Select"/>.
/// </summary>
public static class UsageImport
{
    /// <summary>Characters of a file at most.</summary>
    public const int Largest = 64 * 1024 * 1024;

    /// <param name="name">For messages.</param>
    /// <exception cref="SignInException">It is no such file; the message names the line and column. Nothing of it is used.</exception>
    public static ViewRead Read(string name, string text)
    {
        if (text.Length > Largest)
        {
            throw new SignInException($"{name} is larger than {Largest / 1024 / 1024} million characters. Export a shorter time.");
        }
        var (columns, rows) = text.AsSpan().TrimStart("\uFEFF \t\r\n") is ['[' or '{', ..] ? JsonRows(name, text.TrimStart('\uFEFF')) : CsvRows(name, text.TrimStart('\uFEFF'));
        var view = View(name, columns);
        var uses = ImmutableArray.CreateBuilder<AccountUse>();
        foreach (var (where, cells) in rows)
        {
            try
            {
                uses.AddRange(new UsageRow(cells).Read(view));
            }
            catch (FormatException exception)
            {
                throw new SignInException($"{name}, {where}: {exception.Message}. Nothing was imported.", exception);
            }
        }
        return new ViewRead(view, uses.ToImmutable(), null);
    }

    /// <summary>Rows in the form <see cref="Read"/> takes.</summary>
    public static string Write(ViewRead read)
    {
        if (read.Uses.IsEmpty)
        {
            // Only the column names: without a row JSON could not say which view it is.
            return string.Join(',', UsageRow.Needed(read.View));
        }
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var use in read.Uses)
            {
                Write(json, use);
            }
            json.WriteEndArray();
        }
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter json, AccountUse use)
    {
        json.WriteStartObject();
        json.WriteString(use.View == UsageView.Queries ? "QUERY_ID" : "REQUEST_ID", use.Id);
        json.WriteString("START_TIME", use.StartedAt.UtcDateTime.ToString("O", System.Globalization.CultureInfo.InvariantCulture));
        json.WriteString("USER_NAME", use.User);
        switch (use.View)
        {
            case UsageView.Queries:
                json.WriteString("QUERY_TYPE", use.StatementType);
                json.WriteString("QUERY_TAG", use.Tag);
                json.WriteString("AGENT_TYPE", use.AgentType);
                break;
            case UsageView.AiGateway:
                json.WriteStartObject("OPERATION_DETAILS");
                json.WriteStartObject(use.Model ?? "");
                WriteTokens(json, "input_tokens", use.InputTokens);
                WriteTokens(json, "output_tokens", use.OutputTokens);
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            case UsageView.RestApi:
                json.WriteString("MODEL_NAME", use.Model);
                WriteTokens(json, "INPUT_TOKENS", use.InputTokens);
                WriteTokens(json, "OUTPUT_TOKENS", use.OutputTokens);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(use), use.View, "A view without columns.");
        }
        json.WriteString("INFERENCE_REGION", use.Region);
        json.WriteEndObject();
    }

    private static void WriteTokens(Utf8JsonWriter json, string name, long? tokens)
    {
        if (tokens is { } count)
        {
            json.WriteNumber(name, count);
        }
    }

    /// <param name="Where">For messages: the line or the number of the row.</param>
    private sealed record Row(string Where, Dictionary<string, string?> Cells);

    private static UsageView View(string name, IEnumerable<string> columns)
    {
        var present = columns.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var view = UsageRow.ViewOf(present) ?? throw new SignInException(
            $"{name} is none of {string.Join(", ", Enum.GetValues<UsageView>().Select(UsageViews.Name))}: its columns are {string.Join(", ", present.Take(20))}. "
            + "Export the statements that 'editorbridge reconcile --print-sql' prints.");
        var missing = UsageRow.Needed(view).Where(column => !present.Contains(column)).ToArray();
        return missing.Length == 0 ? view : throw new SignInException($"{name} looks like {UsageViews.Name(view)} but lacks {string.Join(", ", missing)}. Nothing was imported.");
    }

    private static (IReadOnlyCollection<string> Columns, IEnumerable<Row> Rows) CsvRows(string name, string text)
    {
        var reader = new TextFieldParser(new StringReader(text)) { HasFieldsEnclosedInQuotes = true, TrimWhiteSpace = false };
        reader.SetDelimiters(Delimiter(text));
        var columns = Next(name, reader) ?? throw new SignInException($"{name} is empty. Nothing was imported.");
        return (columns, CsvRows(name, reader, columns));
    }

    private static IEnumerable<Row> CsvRows(string name, TextFieldParser reader, string[] columns)
    {
        using var _ = reader;
        for (var line = reader.LineNumber; Next(name, reader) is { } fields; line = reader.LineNumber)
        {
            if (fields.Length != columns.Length)
            {
                throw new SignInException($"{name}, line {line}: {fields.Length} values for {columns.Length} columns. Nothing was imported.");
            }
            yield return new Row($"line {line}", columns.Zip(fields).ToDictionary(pair => pair.First.Trim(), pair => (string?)pair.Second, StringComparer.OrdinalIgnoreCase));
        }
    }

    private static string[]? Next(string name, TextFieldParser reader)
    {
        try
        {
            return reader.ReadFields();
        }
        catch (MalformedLineException exception)
        {
            throw new SignInException($"{name}, line {exception.LineNumber}: the quotes do not fit. Nothing was imported.", exception);
        }
    }

    private static string Delimiter(string text)
    {
        var header = text.AsSpan(0, text.IndexOf('\n', StringComparison.Ordinal) is var end and >= 0 ? end : text.Length);
        return header.Contains('\t') ? "\t" : header.Contains(';') && !header.Contains(',') ? ";" : ",";
    }

    private static (IReadOnlyCollection<string> Columns, IEnumerable<Row> Rows) JsonRows(string name, string text)
    {
        var rows = Objects(name, text).Select((row, index) => new Row($"row {index + 1}", Cells(row))).ToList();
        return rows.Count > 0 ? (rows[0].Cells.Keys, rows)
            : throw new SignInException($"{name} holds no rows, and without column names it cannot be told which view it is. Nothing was imported; an empty result is best exported as CSV.");
    }

    private static Dictionary<string, string?> Cells(JsonElement row)
    {
        var cells = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var member in row.EnumerateObject())
        {
            cells[member.Name] = member.Value.ValueKind switch
            {
                JsonValueKind.Null => null,
                JsonValueKind.String => member.Value.GetString(),
                _ => member.Value.GetRawText(),
            };
        }
        return cells;
    }

    /// <summary>An array of rows, or a row a line.</summary>
    private static List<JsonElement> Objects(string name, string text)
    {
        var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(text), new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = 32 });
        var found = new List<JsonElement>();
        try
        {
            while (reader.Read())
            {
                var value = JsonElement.ParseValue(ref reader);
                found.AddRange(value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value]);
            }
        }
        catch (JsonException exception)
        {
            throw new SignInException($"{name}, line {exception.LineNumber + 1}, column {exception.BytePositionInLine + 1}: it is no JSON. Nothing was imported.", exception);
        }
        return found.TrueForAll(row => row.ValueKind == JsonValueKind.Object) ? found : throw new SignInException($"{name}: the rows must be JSON objects, one member a column. Nothing was imported.");
    }
}
