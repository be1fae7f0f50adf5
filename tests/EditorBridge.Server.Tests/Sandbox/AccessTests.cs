using System.Net;
using System.Text.Json;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>Who may talk to the sandbox, and what it keeps of the talk.</summary>
public sealed class AccessTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    [Theory]
    [InlineData(null, null, "390101")]
    [InlineData("Bearer wrong", null, "394400")]
    [InlineData("Basic abc", null, "390101")]
    [InlineData("Bearer PAT", "OAUTH", "390303")]
    [InlineData("Bearer PAT", "KEYPAIR_JWT", "390144")]
    public async Task Credential_that_does_not_hold_is_refused_with_its_code(string? authorization, string? type, string code)
    {
        using var client = new HttpClient { BaseAddress = sandbox.Server.BaseAddress };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v2/cortex/models");
        request.Headers.TryAddWithoutValidation("Authorization", authorization?.Replace("PAT", sandbox.Server.ProgrammaticAccessToken));
        request.Headers.TryAddWithoutValidation("x-api-key", sandbox.Server.ProgrammaticAccessToken);
        request.Headers.TryAddWithoutValidation("X-Snowflake-Authorization-Token-Type", type);
        using var response = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(code, JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("Host", "evil.example")]
    [InlineData("Origin", "https://evil.example")]
    public async Task Foreign_host_or_origin_is_refused(string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v2/cortex/models");
        request.Headers.TryAddWithoutValidation(header, value);
        using var response = await sandbox.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task Models_are_plain_names()
    {
        var models = JsonElement.Parse(await sandbox.Client.GetStringAsync("/api/v2/cortex/models")).GetProperty("models");
        Assert.Contains("claude-sonnet-4-6", models.EnumerateArray().Select(model => model.GetString()));
    }

    [Fact]
    public async Task Received_requests_show_the_body_but_never_the_credential()
    {
        await sandbox.AnswerAsync(SandboxFixture.Ask("remember me"));
        var log = await sandbox.Client.GetStringAsync("/_sandbox/requests");
        Assert.Contains("remember me", log);
        Assert.DoesNotContain(sandbox.Server.ProgrammaticAccessToken, log);
    }

    [Fact]
    public async Task Old_bodies_are_let_go_before_they_fill_the_memory()
    {
        await using var server = await EditorBridge.Sandbox.SandboxServer.StartAsync(new EditorBridge.Sandbox.SandboxOptions(), CancellationToken.None);
        using var client = new HttpClient { BaseAddress = server.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new("Bearer", server.ProgrammaticAccessToken);
        for (var request = 0; request < 3; request++)
        {
            using var response = await client.SendAsync(SandboxFixture.Post(SandboxFixture.Messages, SandboxFixture.Ask(new string('x', 15_000_000)).ToJsonString()));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal([true, false, false], server.Received.All.Select(request => request.Body.Length == 0));
    }

    [Fact]
    public async Task Pat_file_is_readable_by_its_owner_only()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var file = Path.Combine(folder.FullName, "deep", "pat");
            await using var server = await EditorBridge.Sandbox.SandboxServer.StartAsync(
                new EditorBridge.Sandbox.SandboxOptions { PatFile = file }, CancellationToken.None);
            Assert.Equal(server.ProgrammaticAccessToken, await File.ReadAllTextAsync(file));
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
