using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Review;

namespace EditorBridge.Server.Tests.Gate;

/// <summary>"Allow the same again for this session": what it covers, what it never does, and how it ends.</summary>
public sealed class SessionGrantTests : IAsyncLifetime
{
    private const string Tool = "mcp__editorbridge__execute_sql";
    private const string Update = "update raw.shop.orders set amount = 1 where order_id = 7";

    private readonly GateFixture _fixture = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Same_statement_with_other_values_runs_without_a_question_and_its_entry_names_the_grant()
    {
        var grant = await GivenAsync(Update);
        var admission = await _fixture.Gate.AdmitAsync(Sql("update raw.shop.orders set amount = 2 where order_id = 9", "toolu_2"), CancellationToken.None);

        Assert.True(admission.IsReleased);
        Assert.Equal(("alice", grant.Id), (admission.Person, admission.SessionGrant));
        var entry = Assert.Single(await _fixture.EntriesAsync(admission.CallId));
        Assert.Equal((EntryKind.ActionAdmitted, grant.Id), (entry.Draft.Kind, entry.Draft.Facts!["sessionGrant"]!.GetValue<string>()));
        Assert.Equal(1, Assert.Single(_fixture.Grants.InForce).Uses);
    }

    [Theory]
    [InlineData("update raw.shop.customers set amount = 1 where order_id = 7", "session-1")]
    [InlineData("update raw.shop.orders set customer_id = 1 where order_id = 7", "session-1")]
    [InlineData("update raw.shop.orders set amount = 1", "session-1")]
    [InlineData("delete from raw.shop.orders where order_id = 7", "session-1")]
    [InlineData("update raw.shop.orders set amount = 1 where order_id = 7", "session-2")]
    public async Task Another_action_is_asked_about(string sql, string session)
    {
        await GivenAsync(Update);
        await AssertAskedAsync(Sql(sql, "toolu_2", session));
    }

    [Theory]
    [InlineData("drop table raw.shop.orders")]
    [InlineData("truncate table raw.shop.orders")]
    [InlineData("grant select on table raw.shop.orders to role analyst")]
    [InlineData("call raw.shop.recount(1)")]
    [InlineData("update raw.shop.orders set amount = 1")]
    [InlineData("copy into @raw.shop.out from raw.shop.orders")]
    [InlineData("frobnicate raw.shop.orders")]
    public async Task Never_offered_for(string sql)
    {
        var (asking, item) = await _fixture.AskAsync(Sql(sql));

        Assert.Null(item.SessionScope);
        Assert.Equal(VerdictResult.NotForSession, (await _fixture.Desk.GiveAsync(item.Id, Again())).Result);
        Assert.Empty(_fixture.Grants.InForce);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        Assert.False((await asking).IsReleased);
    }

    [Fact]
    public async Task Never_offered_for_a_shell_command_that_policy_holds_for_its_programs()
    {
        var (asking, item) = await _fixture.AskAsync(_fixture.Request("Bash", new { command = "our-unheard-of-tool --go" }));

        Assert.Null(item.SessionScope);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        await asking;
    }

    [Fact]
    public async Task Policy_can_forbid_it()
    {
        await WritePolicyAsync("""
            version: 1
            rules:
              - id: each-one
                match: { classes: dml }
                effect: review
                obligations: { session_grant: false }
            """);
        var (asking, item) = await _fixture.AskAsync(Sql(Update));

        Assert.Null(item.SessionScope);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        await asking;
    }

    [Fact]
    public async Task Names_without_their_database_cover_the_very_same_input_only()
    {
        await GivenAsync("update orders set amount = 1 where order_id = 7");

        Assert.True((await _fixture.Gate.AdmitAsync(Sql("update orders set amount = 1 where order_id = 7", "toolu_2"), CancellationToken.None)).IsReleased);
        await AssertAskedAsync(Sql("update orders set amount = 2 where order_id = 7", "toolu_3"));
    }

    [Fact]
    public async Task Revoked_grant_is_gone_and_its_end_is_an_entry()
    {
        var grant = await GivenAsync(Update);

        Assert.True(await _fixture.Grants.RevokeAsync(grant.Id, "bob"));
        Assert.False(await _fixture.Grants.RevokeAsync(grant.Id, "bob"));
        await AssertAskedAsync(Sql(Update, "toolu_2"));
        Assert.Equal(("person:bob", "revoked"), await EndAsync(grant));
    }

    [Fact]
    public async Task Grant_expires()
    {
        var grant = await GivenAsync(Update);
        var ended = new TaskCompletionSource();
        _fixture.Grants.Changed += () => ended.TrySetResult();
        _fixture.Time.Advance(SessionGrants.Lifetime + TimeSpan.FromSeconds(1));
        await ended.Task.WaitAsync(TestLimits.Signal, CancellationToken.None);

        Assert.Empty(_fixture.Grants.InForce);
        await AssertAskedAsync(Sql(Update, "toolu_2"));
        Assert.Equal(("host", "expired"), await EndAsync(grant));
    }

    [Fact]
    public async Task Grant_ends_with_its_session()
    {
        var grant = await GivenAsync(Update);
        await _fixture.Grants.SessionEndedAsync("session-2");
        Assert.Single(_fixture.Grants.InForce);
        await _fixture.Grants.SessionEndedAsync("session-1");

        Assert.Empty(_fixture.Grants.InForce);
        Assert.Equal(("host", "sessionEnded"), await EndAsync(grant));
    }

    [Fact]
    public async Task Grant_ends_with_its_policy()
    {
        var grant = await GivenAsync(Update);
        await WritePolicyAsync("version: 1\nrules:\n  - id: more\n    match: { tools: \"Nothing\" }\n    effect: deny\n");
        await AssertAskedAsync(Sql(Update, "toolu_2"));

        Assert.Equal(("host", "policyChanged"), await EndAsync(grant));
    }

    [Fact]
    public async Task Next_host_has_none()
    {
        await GivenAsync(Update);
        await _fixture.RestartAsync();

        Assert.Empty(_fixture.Grants.InForce);
        await AssertAskedAsync(Sql(Update, "toolu_2"));
    }

    [Fact]
    public async Task Grant_of_a_role_does_not_hold_for_another()
    {
        await GivenAsync(Update);
        var scope = _fixture.Grants.InForce[0].Scope;
        _fixture.Account = _fixture.Account with { Role = "SYSADMIN" };
        await _fixture.RestartAsync();
        var (asking, item) = await _fixture.AskAsync(Sql(Update, "toolu_2"));

        Assert.NotEqual(scope.Key, item.SessionScope!.Key);
        Assert.Contains("as SYSADMIN", item.SessionScope.Same, StringComparison.Ordinal);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        await asking;
    }

    private ActionRequest Sql(string sql, string id = "toolu_1", string session = "session-1") => _fixture.Request(Tool, new { sql }, id, session: session);

    private static Verdict Again() => new(VerdictKind.Approve, "alice", "portal", null, null, AgainForSession: true);

    private async Task<SessionGrant> GivenAsync(string sql)
    {
        var (asking, item) = await _fixture.AskAsync(Sql(sql));
        Assert.NotNull(item.SessionScope);
        var outcome = await _fixture.Desk.GiveAsync(item.Id, Again());
        Assert.Equal(VerdictResult.Accepted, outcome.Result);
        Assert.True((await asking).IsReleased);
        return Assert.Single(_fixture.Grants.InForce);
    }

    private async Task AssertAskedAsync(ActionRequest request)
    {
        var (asking, item) = await _fixture.AskAsync(request);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        Assert.False((await asking).IsReleased);
    }

    private async Task<(string Actor, string? Result)> EndAsync(SessionGrant grant)
    {
        var entry = (await _fixture.EntriesAsync(grant.CallId)).Single(each => each.Draft.Kind == EntryKind.GrantEnded);
        Assert.Equal(grant.Id, entry.Draft.Facts!["sessionGrant"]!.GetValue<string>());
        return (entry.Draft.Actor, entry.Draft.Result);
    }

    private async Task WritePolicyAsync(string yaml)
    {
        Directory.CreateDirectory(_fixture.FileIn(".editorbridge"));
        await File.WriteAllTextAsync(_fixture.FileIn(".editorbridge/policy.yaml"), yaml);
    }
}
