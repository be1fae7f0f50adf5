using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Mcp;

/// <summary>What a tool of the gateway does in the account.</summary>
internal enum SnowflakeWork
{
    /// <summary>Runs one statement.</summary>
    Statement,
    /// <summary>Says where a statement stands that was started here.</summary>
    Status,
    /// <summary>Reads further rows of a statement that was run here.</summary>
    Page,
    /// <summary>Stops a statement that was started here.</summary>
    Cancel,
    /// <summary>Lists the statements that were started here.</summary>
    History,
}

/// <summary>An argument of a tool.</summary>
/// <param name="Kind">JSON Schema's type: string, integer or boolean.</param>
internal sealed record ToolParameter(string Name, string Description, bool Required = false, string Kind = "string", int Least = 0, int Most = int.MaxValue)
{
    public JsonObject Schema()
    {
        var schema = new JsonObject { ["type"] = Kind, ["description"] = Description };
        if (Kind != "integer") return schema;
        schema["minimum"] = Least;
        if (Most != int.MaxValue) schema["maximum"] = Most;
        return schema;
    }

    /// <summary>Why a value is not one of this argument; null when it is.</summary>
    public string? ProblemWith(JsonElement value) => Kind switch
    {
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= Least && number <= Most
            ? null : $"'{Name}' must be a whole number from {Least} to {Most}.",
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : $"'{Name}' must be true or false.",
        _ => value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } ? null : $"'{Name}' must be a text that is not empty.",
    };
}

/// <summary>One of the two is there.</summary>
internal readonly record struct StatementOrProblem(string? Sql, string? Problem);

/// <summary>
/// A tool of the gateway on the account. One that runs a statement has it worked out from the input before the gate is asked, by the same code that
/// runs it, so what is judged is what runs.
/// </summary>
internal sealed record SnowflakeTool
{
    /// <summary>As listed; an agent sees it behind its server's prefix (<c>mcp__editorbridge__execute_sql</c>).</summary>
    public required string Name { get; init; }
    public required string Title { get; init; }
    public required string Description { get; init; }
    public required SnowflakeWork Work { get; init; }

    /// <summary>An annotation for clients; the gate does not believe it.</summary>
    public bool ReadOnly { get; init; } = true;
    public IReadOnlyList<ToolParameter> Parameters { get; init; } = [];

    /// <summary>With <see cref="SnowflakeWork.Statement"/>: the statement for an input, or a sentence saying why there is none.</summary>
    public Func<JsonElement, StatementOrProblem> Statement { get; init; } = static _ => new(null, "This tool runs no statement.");

    public JsonElement InputSchema => _inputSchema ??= JsonSerializer.SerializeToElement(new JsonObject
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(Parameters.Select(p => KeyValuePair.Create(p.Name, (JsonNode?)p.Schema()))),
        ["required"] = new JsonArray([.. Parameters.Where(p => p.Required).Select(p => (JsonNode?)p.Name)]),
        ["additionalProperties"] = false,
    });

    private JsonElement? _inputSchema;

    /// <summary>Why an input does not fit the schema; null when it does. A name that is not known is refused, because whoever sent it meant something by it.</summary>
    public string? ProblemWith(JsonElement input)
    {
        foreach (var given in input.EnumerateObject())
        {
            if (Parameters.FirstOrDefault(p => p.Name == given.Name) is not { } parameter)
                return $"{Name} has no argument '{given.Name}'. It takes: {(Parameters.Count == 0 ? "none" : string.Join(", ", Parameters.Select(p => p.Name)))}. Nothing was run.";
            if (parameter.ProblemWith(given.Value) is { } problem) return problem + " Nothing was run.";
        }

        return Parameters.FirstOrDefault(p => p.Required && !input.TryGetProperty(p.Name, out _)) is { } missing
            ? $"{Name} needs '{missing.Name}': {missing.Description} Nothing was run."
            : null;
    }
}
