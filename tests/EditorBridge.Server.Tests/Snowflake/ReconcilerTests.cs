namespace EditorBridge.Snowflake;

public sealed class ReconcilerTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 1, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Sides_are_joined_by_id_then_by_likeness_and_the_rest_is_told_apart()
    {
        LedgerInference[] ledger =
        [
            Local("a", 0, "r-1", 100, 10),
            Local("b", 60, "r-2", 100, 10),
            Local("c", 120, null, 100, 33),
            Local("d", 180, "r-4", 100, 10),
            Local("late", 4 * 3600, "r-5", 100, 10),
        ];
        AccountInference[] account =
        [
            Account("r-1", 1, 101, 10),
            Account("R-2", 61, 100, 20),
            Account("r-3", 123, 100, 33),
            Account("r-9", 300, 5, 5),
        ];
        var found = Reconciler.Compare(ledger, account, Start.AddHours(5));
        Assert.Equal(
            ["a Matched r-1", "b Mismatch R-2", "c Matched r-3", "d LocalOnly ", "late NotYetShown ", " AccountOnly r-9"],
            found.Select(line => $"{line.Local?.CallId} {line.Answer} {line.Account?.RequestId}"));
        Assert.Contains("output 10 here, 20 there", found[1].How, StringComparison.Ordinal);
    }

    [Fact]
    public void Row_that_belongs_to_one_call_by_its_id_is_not_given_to_another_that_looks_alike()
    {
        var found = Reconciler.Compare([Local("without-id", 0, null, 1, 10), Local("owner", 1, "r-1", 1, 10)], [Account("r-1", 1, 1, 10)], Start.AddHours(9));
        Assert.Equal(["owner Matched", "without-id LocalOnly"], found.Select(line => $"{line.Local!.CallId} {line.Answer}"));
    }

    [Fact]
    public void Delayed_view_is_no_finding() =>
        Assert.All(Reconciler.Compare([Local("a", 0, "r-1", 1, 1)], [], Start.AddMinutes(50)), line => Assert.Equal(ReconciliationAnswer.NotYetShown, line.Answer));

    [Fact]
    public async Task Call_that_goes_round_the_bridge_shows_in_the_account_record()
    {
        await using var account = await Sandbox.SandboxServer.StartAsync(new Sandbox.SandboxOptions(), default);
        var profile = SnowflakeAccounts.FromIdentifier("myorg-myaccount", null, null, null) with
        {
            Account = new SnowflakeAccount("sandbox", account.BaseAddress, IsSandbox: true),
            SignIn = SignInKind.ProgrammaticAccessToken,
            Token = new Secret(account.ProgrammaticAccessToken),
        };
        using var connection = AccountConnection.Open(profile, Path.GetTempPath(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        var (body, headers) = CortexAccount.Ask("hello", stream: false);
        await using var known = await connection.Cortex().SendMessagesAsync(body, headers, default);
        await using var bypass = await connection.Cortex().SendMessagesAsync(body, headers, default);
        var now = DateTimeOffset.UtcNow;
        var usage = Messages.TokenUsage.FromMessage(known.Message!.Value);
        var ledger = new LedgerInference("a", known.Attempts[0].StartedAt, null, known.RequestId, usage.Prompt, usage.Output);
        var rows = await new UsageHistory(connection.Sql()).ReadAsync(now.AddHours(-1), now.AddHours(1), "AUDITOR", default);
        Assert.Equal(
            [(ReconciliationAnswer.Matched, known.RequestId), (ReconciliationAnswer.AccountOnly, bypass.RequestId)],
            Reconciler.Compare([ledger], rows, now).Select(line => (line.Answer, line.Account?.RequestId)));
        var refused = await Assert.ThrowsAsync<SignInException>(() => new UsageHistory(connection.Sql()).ReadAsync(now.AddHours(-1), now, role: null, default));
        Assert.Contains("USAGE_VIEWER", refused.Message, StringComparison.Ordinal);
    }

    private static LedgerInference Local(string call, int seconds, string? id, long input, long output) => new(call, Start.AddSeconds(seconds), "claude-sonnet-4-6", id, input, output);

    private static AccountInference Account(string id, int seconds, long input, long output) => new(id, Start.AddSeconds(seconds), "claude-sonnet-4-6", input, output, "DEVELOPER", "AWS_EU");
}
