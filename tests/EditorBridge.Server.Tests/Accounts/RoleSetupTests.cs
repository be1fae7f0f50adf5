using EditorBridge.Accounts;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Review;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Snowflake;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Server.Tests.Accounts;

/// <summary>The script of the agents' role, run after a person has read it.</summary>
public sealed class RoleSetupTests
{
    [Theory]
    [InlineData(VerdictKind.Approve)]
    [InlineData(VerdictKind.Reject)]
    public async Task Script_runs_after_one_review_and_not_without_it(VerdictKind verdict)
    {
        await using var host = await SignedInHost.StartAsync("authenticator = \"programmatic_access_token\"\ntoken_file_path = \"FOLDER/pat\"", host =>
        {
            host.Keep("pat", host.Account.ProgrammaticAccessToken);
            host.Keep("admin", host.Account.AdminToken);
            return Task.CompletedTask;
        });
        var desk = host.Services.GetRequiredService<ReviewDesk>();
        var asked = new TaskCompletionSource<ReviewItem>(TaskCreationOptions.RunContinuationsAsynchronously);
        desk.Opened += item => asked.TrySetResult(item);
        var running = host.Services.GetRequiredService<RoleSetup>().RunAsync(
            new RoleRun(new RoleWish("AGENTS", "DEVELOPER", "COMPUTE_WH", ["ANALYTICS"], ["claude-sonnet-4-6"], Reconcile: false), "dev", null, host.PathOf("admin")), "somebody", CancellationToken.None);
        var item = await asked.Task.WaitAsync(TestLimits.Signal);
        Assert.Contains("GRANT DATABASE ROLE SNOWFLAKE.CORTEX_REST_API_USER TO ROLE AGENTS", item.Proposed, StringComparison.Ordinal);
        Assert.StartsWith("-- Runs as ", item.Proposed, StringComparison.Ordinal);
        var given = await desk.GiveAsync(item.Id, new Verdict(verdict, "somebody", "terminal", "seen", null));
        Assert.Equal(VerdictResult.Accepted, given.Result);
        var outcome = await running.WaitAsync(TestLimits.Signal);

        using var admin = host.Open();
        var roles = Assert.IsType<SqlRows>(await admin.Sql().ExecuteAsync(new SqlStatement { Text = "SHOW ROLES", RequestId = Guid.NewGuid() }, CancellationToken.None));
        var there = roles.Rows.Any(row => row.Contains("AGENTS"));
        Assert.Equal((verdict == VerdictKind.Approve, verdict == VerdictKind.Approve), (outcome.Done, there));
        Assert.Equal(verdict == VerdictKind.Approve, outcome.Lines.Count(line => line.StartsWith("done", StringComparison.Ordinal)) > 5);
        Assert.Equal(verdict == VerdictKind.Approve, outcome.Lines.Any(line => line.StartsWith("by hand", StringComparison.Ordinal) && line.Contains("ALTER USER DEVELOPER SET DEFAULT_ROLE", StringComparison.Ordinal)));
        using var reader = LedgerReader.Open(host.State.LedgerFolder);
        Assert.Equal(verdict == VerdictKind.Approve, (await reader.EntriesForCallAsync(item.CallId, CancellationToken.None)).Any(entry => entry.Draft is { Kind: EntryKind.ActionOutcome, Result: "done" }));
    }

    [Fact]
    public async Task Script_for_another_account_than_the_hosts_is_not_even_asked()
    {
        await using var host = await SignedInHost.StartAsync("authenticator = \"programmatic_access_token\"\ntoken_file_path = \"FOLDER/pat\"", host =>
        {
            host.Keep("pat", host.Account.ProgrammaticAccessToken);
            return Task.CompletedTask;
        });
        var outcome = await host.Services.GetRequiredService<RoleSetup>().RunAsync(
            new RoleRun(new RoleWish("AGENTS", null, null, [], [], Reconcile: false), null, new Uri("http://127.0.0.1:9"), host.PathOf("pat")), "somebody", CancellationToken.None);
        Assert.False(outcome.Done);
        Assert.Contains("Nothing was asked or run", Assert.Single(outcome.Lines), StringComparison.Ordinal);
        Assert.Empty(host.Services.GetRequiredService<ReviewDesk>().Pending);
    }

    [Fact]
    public async Task First_statement_that_fails_ends_the_script_and_the_rest_is_named()
    {
        await using var host = await SignedInHost.StartAsync("authenticator = \"programmatic_access_token\"\ntoken_file_path = \"FOLDER/pat\"", host =>
        {
            host.Keep("pat", host.Account.ProgrammaticAccessToken);
            return Task.CompletedTask;
        });
        var desk = host.Services.GetRequiredService<ReviewDesk>();
        desk.Opened += item => _ = desk.GiveAsync(item.Id, new Verdict(VerdictKind.Approve, "somebody", "terminal", "seen", null));
        // The host's own connection is no administrator's.
        var outcome = await host.Services.GetRequiredService<RoleSetup>().RunAsync(new RoleRun(new RoleWish("AGENTS", null, null, [], [], Reconcile: false), "dev", null, null), "somebody", CancellationToken.None);
        Assert.False(outcome.Done);
        Assert.StartsWith("FAILED", outcome.Lines[0], StringComparison.Ordinal);
        Assert.All(outcome.Lines.Skip(1), line => Assert.StartsWith("not run", line, StringComparison.Ordinal));
    }
}
