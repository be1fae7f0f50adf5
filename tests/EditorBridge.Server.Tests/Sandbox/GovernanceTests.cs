using System.Net.Http.Headers;
using System.Text.Json;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>The account's switches about inference, set by SQL as an administrator sets them, and what a developer then meets.</summary>
public sealed class GovernanceTests : IAsyncLifetime
{
    private readonly SandboxFixture _sandbox = new();

    public async ValueTask InitializeAsync() => await _sandbox.InitializeAsync();

    public async ValueTask DisposeAsync() => await _sandbox.DisposeAsync();

    [Fact]
    public async Task Role_without_the_cortex_role_is_not_authorized_until_it_is_granted()
    {
        await AdminAsync("revoke database role SNOWFLAKE.CORTEX_USER from role PUBLIC");
        Assert.Equal((403, "Not Authorized"), await AskAsync());
        await AdminAsync("grant database role SNOWFLAKE.CORTEX_REST_API_USER to role ANALYST");
        Assert.Equal((200, null), await AskAsync());
    }

    [Fact]
    public async Task Claude_is_unknown_while_cross_region_inference_is_off()
    {
        await AdminAsync("alter account set CORTEX_ENABLED_CROSS_REGION = 'DISABLED'");
        Assert.Equal((400, "unknown model claude-sonnet-4-6"), await AskAsync());
        Assert.DoesNotContain("claude", await _sandbox.Client.GetStringAsync("/api/v2/cortex/models"));
        await AdminAsync("alter account set CORTEX_ENABLED_CROSS_REGION = 'AWS_EU'");
        Assert.Equal((200, null), await AskAsync());
        Assert.Equal(["AWS_EU_CENTRAL_1"], await _sandbox.RowsAsync(
            "select INFERENCE_REGION from SNOWFLAKE.ACCOUNT_USAGE.CORTEX_REST_API_USAGE_HISTORY", "AUDITOR"));
    }

    [Fact]
    public async Task Model_is_unknown_where_neither_list_nor_role_allows_it()
    {
        await AdminAsync("alter account set CORTEX_MODELS_ALLOWLIST = 'None'");
        Assert.Equal((200, null), await AskAsync());
        await AdminAsync("call SNOWFLAKE.LOCAL.REVOKE_FROM_PUBLIC_APPLICATION_ROLE('APP_ROLE','CORTEX-MODEL-ROLE-ALL')");
        Assert.Equal((400, "unknown model claude-sonnet-4-6"), await AskAsync());
        await AdminAsync("""grant application role SNOWFLAKE."CORTEX-MODEL-ROLE-CLAUDE-SONNET-4-6" to role ANALYST""");
        Assert.Equal((200, null), await AskAsync());
    }

    [Fact]
    public async Task Dedicated_role_is_made_granted_and_limited_by_a_script()
    {
        foreach (var statement in new[]
        {
            "create role if not exists EDITORBRIDGE_AGENT comment = 'for agents'",
            "grant database role SNOWFLAKE.CORTEX_REST_API_USER to role EDITORBRIDGE_AGENT",
            "grant usage on warehouse COMPUTE_WH to role EDITORBRIDGE_AGENT",
            "grant usage on database ANALYTICS to role EDITORBRIDGE_AGENT",
            "grant select on all tables in schema ANALYTICS.MARTS to role EDITORBRIDGE_AGENT",
            "grant role EDITORBRIDGE_AGENT to user DEVELOPER",
            "alter user DEVELOPER set default_role = EDITORBRIDGE_AGENT",
        })
        {
            await AdminAsync(statement);
        }

        Assert.Equal(["EDITORBRIDGE_AGENT|200"], await _sandbox.RowsAsync("select current_role(), count(*) from ANALYTICS.MARTS.CUSTOMERS"));
        var (status, body) = await _sandbox.RunAsync("select 1 from RAW.SHOP.ORDERS");
        Assert.Equal((422, "002003"), (status, body.GetProperty("code").GetString()));
    }

    [Theory]
    [InlineData("alter account set CORTEX_MODELS_ALLOWLIST = 'All'", "001008")]
    [InlineData("alter account set NO_SUCH_PARAMETER = 1", "001006")]
    [InlineData("create role ANALYST", "002002")]
    [InlineData("grant role NOPE to user DEVELOPER", "002003")]
    [InlineData("alter user NOBODY set default_role = ANALYST", "002003")]
    public async Task Administration_outside_the_rules_is_refused(string statement, string code)
    {
        using var admin = Admin();
        var (status, body) = await _sandbox.RunAsync(statement, client: admin);
        Assert.Equal((422, code), (status, body.GetProperty("code").GetString()));
    }

    private async Task AdminAsync(string statement)
    {
        using var admin = Admin();
        var (status, body) = await _sandbox.RunAsync(statement, client: admin);
        Assert.True(status == 200, $"{statement}: {body}");
    }

    private HttpClient Admin()
    {
        var client = new HttpClient { BaseAddress = _sandbox.Server.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _sandbox.Server.AdminToken);
        return client;
    }

    private async Task<(int Status, string? Message)> AskAsync()
    {
        using var response = await _sandbox.Client.SendAsync(SandboxFixture.Post(SandboxFixture.Messages, SandboxFixture.Ask("hello").ToJsonString()));
        var body = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        return ((int)response.StatusCode, body.TryGetProperty("message", out var message) ? message.GetString() : null);
    }
}
