using EditorBridge.Editor;
using EditorBridge.Guard;
using EditorBridge.Sandbox;
using EditorBridge.Server.Tests.Editor;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Server.Tests.Accounts;

/// <summary>What editors are told of the account and of the budgets, as it changes.</summary>
public sealed class NoticesTests
{
    [Fact]
    public async Task Editor_is_told_of_a_token_about_to_end_and_of_a_limit_as_it_fills()
    {
        // The account's tokens live fifteen days, and ten of them are over.
        var tenDaysAgo = new FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-10));
        await using var host = await SignedInHost.StartAsync("authenticator = \"programmatic_access_token\"\ntoken_file_path = \"FOLDER/pat\"", host =>
        {
            host.Keep("pat", host.Account.ProgrammaticAccessToken);
            StateFolder.WritePrivate(host.State.In("budgets.yaml"), "version: 1\nlimits:\n  - {name: few, per: user, within: month, count: requests, soft: 2, hard: 3}\n");
            return Task.CompletedTask;
        }, new SandboxOptions { Clock = tenDaysAgo });
        using var window = new EditorClient(await ControlChannel.ConnectAsync(host.State, CancellationToken.None));
        await window.AskAsync<InitializeResult>(EditorMethods.Initialize, new InitializeParams("test", "1", EditorMethods.ProtocolVersion, Environment.ProcessId, []));
        Assert.Equal("info", Assert.Single((await window.AskAsync<NoticesResult>(EditorMethods.ListNotices)).Notices).Level);

        using var portal = host.Client(Client.Portal);
        using var looked = await portal.PostAsync("/bridge/account", null);
        var token = (await window.NoticesAsync()).Notices[0];
        Assert.Equal("warning", token.Level);
        Assert.Contains("Access token SANDBOX ends", token.Text, StringComparison.Ordinal);
        Assert.Contains("ROTATE PROGRAMMATIC ACCESS TOKEN", token.Fix, StringComparison.Ordinal);

        foreach (var expected in (int[])[200, 200, 200, 429]) Assert.Equal(expected, (await host.AskAsync()).Status);
        var told = await window.NoticesAsync();
        while (told.Notices[0].Level != "error") told = await window.NoticesAsync();
        Assert.Contains("\"few\": 3 requests of 3 requests", told.Notices[0].Text, StringComparison.Ordinal);
    }
}
