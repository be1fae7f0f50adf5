using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>The life of programmatic access tokens, and who may change them.</summary>
public sealed class PatTests : IAsyncLifetime
{
    private readonly SandboxFixture _sandbox = new();

    public async ValueTask InitializeAsync() => await _sandbox.InitializeAsync();

    public async ValueTask DisposeAsync() => await _sandbox.DisposeAsync();

    [Fact]
    public async Task Session_of_a_pat_cannot_rotate_its_own_users_tokens_but_an_oauth_session_can()
    {
        var (status, body) = await _sandbox.RunAsync("alter user rotate programmatic access token SANDBOX");
        Assert.Equal((422, "003001"), (status, body.GetProperty("code").GetString()));

        using var oauth = await OAuthTests.SignInAsync(_sandbox);
        (status, body) = await _sandbox.RunAsync(
            "ALTER USER IF EXISTS DEVELOPER ROTATE PROGRAMMATIC ACCESS TOKEN sandbox EXPIRE_ROTATED_TOKEN_AFTER_HOURS = 1", client: oauth);
        Assert.Equal(200, status);
        var row = SqlApi.Rows(body)[0].Split('|');
        Assert.Equal("SANDBOX", row[0]);
        Assert.Matches(@"^SANDBOX_ROTATED_\d{13}$", row[2]);

        Assert.Equal(200, await StatusAsync(row[1]));
        Assert.Equal(200, await StatusAsync(_sandbox.Server.ProgrammaticAccessToken));
        _sandbox.Clock.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal(200, await StatusAsync(row[1]));
        Assert.Equal(401, await StatusAsync(_sandbox.Server.ProgrammaticAccessToken));
    }

    [Fact]
    public async Task Admin_gives_changes_and_removes_tokens_of_others()
    {
        using var admin = Client(_sandbox.Server.AdminToken);
        async Task<JsonElement> Admin(string statement)
        {
            var (status, body) = await _sandbox.RunAsync(statement, client: admin);
            Assert.True(status == 200, body.ToString());
            return body;
        }

        var added = SqlApi.Rows(await Admin("alter user DEVELOPER add programmatic access token ci role_restriction = 'READER' days_to_expiry = 2 comment = 'for tests'"))[0].Split('|');
        Assert.Equal("CI", added[0]);
        using var limited = Client(added[1]);
        Assert.Equal(["READER"], SqlApi.Rows((await _sandbox.RunAsync("select current_role()", client: limited)).Body));
        Assert.Equal((403, "390189"), await CodeAsync(_sandbox.RunAsync("select 1", role: "ANALYST", client: limited)));

        await Admin("alter user DEVELOPER modify programmatic access token CI set disabled = true");
        Assert.Equal(401, await StatusAsync(added[1]));
        await Admin("alter user DEVELOPER modify programmatic access token CI set disabled = false");
        await Admin("alter user DEVELOPER modify programmatic access token CI rename to CI2");
        Assert.Contains(SqlApi.Rows(await Admin("show user programmatic access tokens for user DEVELOPER")),
            line => line.StartsWith("CI2|DEVELOPER|READER|", StringComparison.Ordinal) && line.Contains("|ACTIVE|for tests|", StringComparison.Ordinal));
        Assert.Contains("\"PAT_NAME\":\"CI2\"", SqlApi.Rows(await Admin($"select system$decode_pat('{added[1]}')"))[0]);

        _sandbox.Clock.Advance(TimeSpan.FromDays(2));
        Assert.Equal(401, await StatusAsync(added[1]));
        await Admin("alter user DEVELOPER remove programmatic access token CI2");
        Assert.DoesNotContain(SqlApi.Rows(await Admin("show user programmatic access tokens for user DEVELOPER")), line => line.StartsWith("CI2|", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("alter user DEVELOPER add programmatic access token X days_to_expiry = 366", "001008")]
    [InlineData("alter user AGENT add programmatic access token X", "001008")]
    [InlineData("alter user DEVELOPER add programmatic access token SANDBOX", "002002")]
    [InlineData("alter user DEVELOPER add programmatic access token X role_restriction = 'HR'", "002003")]
    [InlineData("alter user NOBODY add programmatic access token X", "002003")]
    [InlineData("alter user DEVELOPER remove programmatic access token NOPE", "002003")]
    public async Task Statement_outside_the_rules_is_refused(string statement, string code)
    {
        using var admin = Client(_sandbox.Server.AdminToken);
        Assert.Equal((422, code), await CodeAsync(_sandbox.RunAsync(statement, client: admin)));
    }

    [Fact]
    public async Task Pat_without_a_network_policy_is_refused_where_one_is_needed()
    {
        using var admin = Client(_sandbox.Server.AdminToken);
        var bypassing = SqlApi.Rows((await _sandbox.RunAsync(
            "alter user DEVELOPER add programmatic access token B mins_to_bypass_network_policy_requirement = 5", client: admin)).Body)[0].Split('|')[1];
        await ControlAsync(new { pat_needs_network_policy = true });
        Assert.Equal(401, await StatusAsync(_sandbox.Server.ProgrammaticAccessToken));
        Assert.Equal(200, await StatusAsync(bypassing));

        _sandbox.Server.Account.Parameters["NETWORK_POLICY"] = "OFFICE";
        Assert.Equal(200, await StatusAsync(_sandbox.Server.ProgrammaticAccessToken));
        await ControlAsync(new { network_blocked = true });
        Assert.Equal(403, await StatusAsync(_sandbox.Server.ProgrammaticAccessToken));
        await ControlAsync(new { network_blocked = false });
        Assert.Equal(200, await StatusAsync(_sandbox.Server.ProgrammaticAccessToken));
    }

    private async Task ControlAsync(object settings)
    {
        using var response = await _sandbox.Client.PostAsJsonAsync("/_sandbox/control", settings);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private static async Task<(int Status, string? Code)> CodeAsync(Task<(int Status, JsonElement Body)> answer)
    {
        var (status, body) = await answer;
        return (status, body.GetProperty("code").GetString());
    }

    private async Task<int> StatusAsync(string token)
    {
        using var client = Client(token);
        using var response = await client.GetAsync("/api/v2/cortex/models");
        return (int)response.StatusCode;
    }

    private HttpClient Client(string token)
    {
        var client = new HttpClient { BaseAddress = _sandbox.Server.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }
}
