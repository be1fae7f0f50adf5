using System.Text.Json;
using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Sql;

/// <summary>What a caller asks of the SQL API.</summary>
/// <param name="Text">All of it, as it was sent.</param>
/// <param name="RowLimit">Null for every row.</param>
/// <param name="StatementCount">How many statements the text must hold; 0 for any number.</param>
internal sealed record StatementRequest(
    string Text, IReadOnlyList<string> Statements, SqlContext Context, IReadOnlyList<SqlBinding> Bindings, int TimeoutSeconds, int? RowLimit, int StatementCount)
{
    private const int LongestTimeout = 604_800;
    private static readonly string[] Fields = ["statement", "timeout", "database", "schema", "warehouse", "role", "bindings", "parameters"];

    private static readonly HashSet<string> Parameters = new(StringComparer.OrdinalIgnoreCase)
    {
        "query_tag", "multi_statement_count", "timezone", "rows_per_resultset", "use_cached_result", "binary_output_format", "client_result_chunk_size",
        "date_output_format", "time_output_format", "timestamp_output_format", "timestamp_ltz_output_format", "timestamp_ntz_output_format",
        "timestamp_tz_output_format", "statement_timeout_in_seconds", "result_format",
    };

    /// <summary>Reads and checks a body. Names are case-sensitive here, as in the account.</summary>
    public static (StatementRequest? Request, SnowflakeError? Error) Read(JsonElement body, Identity identity, AccountDirectory directory)
    {
        if (body.EnumerateObject().Select(field => field.Name).FirstOrDefault(name => !Fields.Contains(name)) is { } unknown)
        {
            return (null, SnowflakeError.InvalidPayload($"Unknown field '{unknown}'."));
        }

        var parameters = body.Property("parameters") is { ValueKind: JsonValueKind.Object } given ? given : default;
        var names = parameters.ValueKind == JsonValueKind.Object ? parameters.EnumerateObject().Select(field => field.Name).ToList() : [];
        if (names.Find(name => !Parameters.Contains(name)) is { } wrong)
        {
            return (null, SnowflakeError.InvalidPayload($"Parameter '{wrong}' is not supported by the SQL API."));
        }

        var statements = SqlLexer.Statements(body.Text("statement") ?? "");
        if (statements.Count == 0)
        {
            return (null, SnowflakeError.InvalidPayload("A statement is required."));
        }

        var bindings = ReadBindings(body);
        if (bindings.Any(binding => !BindingValues.Types.Contains(binding.Type)) || (bindings.Count > 0 && statements.Count > 1))
        {
            return (null, SnowflakeError.InvalidPayload("Bindings need a known type, and one statement only."));
        }

        var role = body.Text("role") ?? identity.Role;
        if (!directory.MayUse(identity.UserName, role) || (identity.RoleIsFixed && role != identity.Role))
        {
            return (null, new SnowflakeError(403,
                $"Role '{role}' specified in the connect string does not exist or not authorized. Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.",
                "390189"));
        }

        var tag = Parameter(parameters, "query_tag");
        if (tag is { Length: > 2000 })
        {
            return (null, SnowflakeError.InvalidPayload("QUERY_TAG is longer than 2000 characters."));
        }

        var timeout = body.Int("timeout") is { } seconds and > 0 ? seconds : LongestTimeout;
        var secondary = identity.RoleIsFixed ? [] : directory.SecondaryRoles(identity.UserName, role);
        var context = new SqlContext(
            identity, role, Visible(directory, [role, .. secondary], body.Text("database")), body.Text("schema"), body.Text("warehouse") ?? AccountDirectory.Warehouse, tag)
        {
            SecondaryRoles = secondary,
        };
        return (new StatementRequest(
            body.Text("statement")!, statements, context, bindings, timeout,
            Number(Parameter(parameters, "rows_per_resultset")) is { } rows and > 0 ? rows : null,
            Number(Parameter(parameters, "multi_statement_count")) ?? 1), null);
    }

    /// <summary>A database the roles do not see leaves the session without one.</summary>
    private static string? Visible(AccountDirectory directory, IReadOnlyList<string> roles, string? database) =>
        database is not null && directory.Sees(roles, database) ? database : null;

    private static List<SqlBinding> ReadBindings(JsonElement body) => body.Property("bindings") is not { ValueKind: JsonValueKind.Object } bindings
        ? []
        : [.. bindings.EnumerateObject().OrderBy(field => Number(field.Name) ?? 0).Select(field => new SqlBinding(field.Value.Text("type") ?? "", field.Value.Text("value")))];

    private static string? Parameter(JsonElement parameters, string name) => parameters.ValueKind != JsonValueKind.Object ? null
        : parameters.EnumerateObject().Where(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(field => field.Value.ToString()).FirstOrDefault();

    private static int? Number(string? text) =>
        int.TryParse(text, System.Globalization.NumberStyles.Integer, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;
}
