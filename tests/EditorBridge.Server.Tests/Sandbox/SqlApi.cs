using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>Statements sent to the sandbox as a client of the SQL API sends them.</summary>
internal static class SqlApi
{
    public const string Statements = "/api/v2/statements";

    public static async Task<(int Status, JsonElement Body)> RunAsync(
        this SandboxFixture sandbox, string statement, string? role = null, Action<JsonObject>? change = null, string query = "", HttpClient? client = null)
    {
        var body = new JsonObject { ["statement"] = statement };
        if (role is not null)
        {
            body["role"] = role;
        }

        change?.Invoke(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, Statements + query)
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        request.Headers.UserAgent.ParseAdd("sandbox-tests/1.0");
        using var response = await (client ?? sandbox.Client).SendAsync(request);
        return ((int)response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync()));
    }

    /// <summary>The rows of a successful statement; cells are joined by a bar, NULL is an empty cell.</summary>
    public static async Task<IReadOnlyList<string>> RowsAsync(this SandboxFixture sandbox, string statement, string? role = null, Action<JsonObject>? change = null)
    {
        var (status, body) = await sandbox.RunAsync(statement, role, change);
        Assert.True(status == 200, $"{status} {body}");
        return Rows(body);
    }

    public static IReadOnlyList<string> Rows(JsonElement body) =>
        [.. body.GetProperty("data").EnumerateArray().Select(row => string.Join('|', row.EnumerateArray().Select(cell => cell.GetString())))];

    public static IReadOnlyList<string> Columns(JsonElement body) =>
        [.. body.GetProperty("resultSetMetaData").GetProperty("rowType").EnumerateArray().Select(column => $"{column.GetProperty("name")}:{column.GetProperty("type")}")];
}
