using System.Globalization;
using System.Text.Json;

namespace EditorBridge.Snowflake;

/// <summary>
/// One row by column name, whether a statement gave it or a file: from the cells' text to an <see cref="AccountUse"/>. Column names are those of
/// the views or of <see cref="UsageViews.Select"/>; others are ignored.
/// </summary>
internal sealed class UsageRow(IReadOnlyDictionary<string, string?> cells)
{
    /// <summary>As worksheets and the account's clients spell TIMESTAMP_LTZ, TIMESTAMP_TZ and TIMESTAMP_NTZ; without an offset it is UTC.</summary>
    private static readonly string[] Moments =
    [
        "yyyy-MM-dd HH:mm:ss.FFFFFFF zzz", "yyyy-MM-dd HH:mm:ss.FFFFFFFzzz", "yyyy-MM-dd HH:mm:ss.FFFFFFF", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ss.FFFFFFF 'Z'",
        "ddd, dd MMM yyyy HH:mm:ss zzz",
    ];

    /// <summary>The view these columns are from; null when they are of none.</summary>
    public static UsageView? ViewOf(IEnumerable<string> columns)
    {
        var names = columns.ToHashSet(StringComparer.OrdinalIgnoreCase);
        return names.Contains("QUERY_ID") ? UsageView.Queries
            : !names.Contains("REQUEST_ID") ? null
            : names.Contains("OPERATION_DETAILS") || names.Contains("GATEWAY_NAME") ? UsageView.AiGateway
            : names.Contains("MODEL_NAME") ? UsageView.RestApi : null;
    }

    /// <summary>The columns without which a row of this view says nothing.</summary>
    public static string[] Needed(UsageView view) => view switch
    {
        UsageView.RestApi => ["REQUEST_ID", "START_TIME", "MODEL_NAME"],
        UsageView.AiGateway => ["REQUEST_ID", "START_TIME", "OPERATION_DETAILS"],
        UsageView.Queries => ["QUERY_ID", "START_TIME"],
        _ => throw new ArgumentOutOfRangeException(nameof(view), view, "A view without columns."),
    };

    /// <summary>The uses a row tells of: one, or for the gateway one per model.</summary>
    /// <exception cref="FormatException">A cell does not hold what its column promises; the message names it.</exception>
    public IEnumerable<AccountUse> Read(UsageView view) => view switch
    {
        UsageView.RestApi => [Use(view, "REQUEST_ID") with { Model = Text("MODEL_NAME"), InputTokens = Tokens("INPUT_TOKENS", "input"), OutputTokens = Tokens("OUTPUT_TOKENS", "output"), Region = Text("INFERENCE_REGION") }],
        UsageView.AiGateway => Gateway(),
        UsageView.Queries => [Use(view, "QUERY_ID") with { Tag = Text("QUERY_TAG"), StatementType = Text("QUERY_TYPE"), AgentType = Text("AGENT_TYPE") }],
        _ => throw new ArgumentOutOfRangeException(nameof(view), view, "A view that is not read."),
    };

    private AccountUse Use(UsageView view, string id) => new()
    {
        View = view,
        Id = Text(id) ?? throw new FormatException($"{id} is empty"),
        StartedAt = Moment("START_TIME"),
        User = Text("USER_NAME") ?? Text("NAME") ?? Text("USER_ID"),
    };

    private IEnumerable<AccountUse> Gateway()
    {
        var use = Use(UsageView.AiGateway, "REQUEST_ID");
        foreach (var model in Json("OPERATION_DETAILS").EnumerateObject())
        {
            yield return use with { Model = model.Name, InputTokens = Whole(model.Value, "input_tokens"), OutputTokens = Whole(model.Value, "output_tokens"), Region = Text("INFERENCE_REGION") };
        }
    }

    private long? Tokens(string column, string member) =>
        Text(column) is { } cell ? long.TryParse(cell, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : throw new FormatException($"{column} is no whole number: '{cell}'")
        : Text("TOKENS_GRANULAR") is not null ? Whole(Json("TOKENS_GRANULAR"), member) : null;

    private JsonElement Json(string column)
    {
        var cell = Text(column) ?? throw new FormatException($"{column} is empty");
        try
        {
            using var json = JsonDocument.Parse(cell);
            return json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.Clone() : throw new FormatException($"{column} is no JSON object");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"{column} is no JSON: {exception.Message}", exception);
        }
    }

    private DateTimeOffset Moment(string column)
    {
        var cell = Text(column) ?? throw new FormatException($"{column} is empty");
        return DateTimeOffset.TryParseExact(cell, Moments, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
            ? moment : throw new FormatException($"{column} is no time with a date: '{cell}'");
    }

    private static long? Whole(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) ? (long)number : null;

    private string? Text(string column) => cells.TryGetValue(column, out var cell) && !string.IsNullOrWhiteSpace(cell) && cell is not ("null" or "NULL" or "\\N") ? cell.Trim() : null;
}
