using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Policy;
using EditorBridge.Review;

namespace EditorBridge.Server.Tests.Gate;

/// <summary>What an approval holds for, how often, how long, and across a restart.</summary>
public sealed class ApprovalTests : IAsyncLifetime
{
    private const string Update = "update raw.shop.orders set amount = 1 where order_id = 7;\n";
    private const string PolicyRule = """
        version: 1
        rules:
          - id: sql-needs-two
            match: { classes: [dml, destructive, ddl] }
            effect: review
            obligations: { two_people: true }
        """;

    private readonly GateFixture _fixture = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData("file", "cleanup.sql has changed")]
    [InlineData("policy", "The policy has changed")]
    public async Task Approval_of_something_that_changed_meanwhile_releases_nothing_and_the_next_asking_is_a_new_review(string what, string reason)
    {
        await File.WriteAllTextAsync(_fixture.FileIn("cleanup.sql"), "select 1;\n");
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        await ChangeAsync(what);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        var admission = await asking;

        Assert.False(admission.IsReleased);
        Assert.Contains(reason, admission.Reason, StringComparison.Ordinal);
        var (again, next) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_2"));
        Assert.NotEqual(item.Id, next.Id);
        await _fixture.Desk.GiveAsync(next.Id, GateFixture.Reject("no"));
        await again;
    }

    [Theory]
    [InlineData("file", "has changed since this was approved")]
    [InlineData("policy", "The policy has changed since this was approved")]
    public async Task Door_that_runs_an_action_is_told_when_the_approval_no_longer_holds(string what, string reason)
    {
        await File.WriteAllTextAsync(_fixture.FileIn("cleanup.sql"), "select 1;\n");
        var admission = await ApprovedAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        Assert.Null(await _fixture.Gate.VoidAsync(admission));
        await ChangeAsync(what);

        Assert.Contains(reason, await _fixture.Gate.VoidAsync(admission), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approval_that_was_not_used_in_time_lapses()
    {
        var admission = await ApprovedAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        _fixture.Time.Advance(TimeSpan.FromMinutes(11));

        Assert.Contains("lapsed", await _fixture.Gate.VoidAsync(admission), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Second_door_asks_again_when_the_file_changed_after_the_first()
    {
        await ApprovedAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_7", Door.Stream));
        await File.WriteAllTextAsync(_fixture.FileIn("cleanup.sql"), "select 'somebody else was here';\n");
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_7"));

        Assert.Equal("select 'somebody else was here';\n", item.Change!.Before);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("not over that"));
        Assert.False((await asking).IsReleased);
    }

    [Theory]
    [InlineData("Tool")]
    [InlineData("InputDigest")]
    [InlineData("FilePath")]
    [InlineData("FileDigest")]
    [InlineData("Account")]
    [InlineData("Role")]
    [InlineData("Warehouse")]
    [InlineData("PolicyVersion")]
    public void Approval_is_bound_to(string member)
    {
        var bound = new ActionBinding("t", "i", "/a/b.sql", "d", "acc", "role", "wh", "p");
        var property = typeof(ActionBinding).GetProperty(member)!;
        var other = bound with { };
        property.SetValue(other, "another");

        Assert.Null(bound.DifferenceTo(bound with { }));
        Assert.NotNull(bound.DifferenceTo(other));
        Assert.Equal(8, typeof(ActionBinding).GetProperties().Length);
    }

    [Fact]
    public async Task Verdict_that_had_not_reached_its_call_survives_the_host_and_releases_once()
    {
        var item = await AbandonedAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        await _fixture.RestartAsync();

        var delivered = await _fixture.Gate.AdmitAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_2"), CancellationToken.None);
        Assert.Equal((AdmissionKind.Released, "alice", item.CallId), (delivered.Kind, delivered.Person, delivered.CallId));

        await _fixture.RestartAsync();
        await AssertAskedAnewAsync(item);
    }

    [Fact]
    public async Task Rejection_that_had_not_reached_its_call_survives_the_host()
    {
        var item = await AbandonedAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("still needed"));
        await _fixture.RestartAsync();

        var delivered = await _fixture.Gate.AdmitAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_2"), CancellationToken.None);
        Assert.False(delivered.IsReleased);
        Assert.Contains("still needed", delivered.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Edited_verdict_survives_the_host_with_its_text()
    {
        var item = await AbandonedAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Edited("select 1;\n"));
        await _fixture.RestartAsync();

        var delivered = await _fixture.Gate.AdmitAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_2"), CancellationToken.None);
        Assert.Equal(AdmissionKind.ReleasedEdited, delivered.Kind);
        Assert.Contains("select 1;", delivered.Input, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("time")]
    [InlineData("input")]
    [InlineData("session")]
    [InlineData("role")]
    [InlineData("account")]
    [InlineData("warehouse")]
    [InlineData("policy")]
    public async Task Restored_approval_does_not_fit_another(string what)
    {
        var item = await AbandonedAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        if (what == "time") _fixture.Time.Advance(TimeSpan.FromMinutes(11));
        if (what == "policy") await ChangeAsync(what);
        _fixture.Account = what switch
        {
            "role" => _fixture.Account with { Role = "SYSADMIN" },
            "account" => _fixture.Account with { Account = "elsewhere" },
            "warehouse" => _fixture.Account with { Warehouse = "BIG_WH" },
            _ => _fixture.Account,
        };
        await _fixture.RestartAsync();

        var request = _fixture.Write("cleanup.sql", GateFixture.DangerousSql + (what == "input" ? "-- and more\n" : ""), "toolu_2", session: what == "session" ? "session-2" : "session-1");
        var (asking, next) = await _fixture.AskAsync(request);
        Assert.NotEqual(item.Id, next.Id);
        await _fixture.Desk.GiveAsync(next.Id, GateFixture.Reject("no"));
        Assert.False((await asking).IsReleased);
    }

    [Fact]
    public async Task Restored_approval_of_a_file_that_changed_releases_nothing()
    {
        await File.WriteAllTextAsync(_fixture.FileIn("cleanup.sql"), "select 1;\n");
        var item = await AbandonedAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        await _fixture.RestartAsync();
        await File.WriteAllTextAsync(_fixture.FileIn("cleanup.sql"), "select 2;\n");

        var delivered = await _fixture.Gate.AdmitAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_2"), CancellationToken.None);
        Assert.False(delivered.IsReleased);
        Assert.Contains("cleanup.sql has changed", delivered.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task First_of_two_approvals_survives_the_host_and_its_person_cannot_be_the_second()
    {
        await WritePolicyAsync(PolicyRule);
        var item = await AbandonedAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        Assert.Equal(VerdictResult.SecondPersonNeeded, (await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve())).Result);
        await _fixture.RestartAsync();

        Assert.Equal(VerdictResult.NotThisPerson, (await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve())).Result);
        Assert.Equal(VerdictResult.NotThisPerson, (await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve(Environment.UserName))).Result);
        Assert.Equal(VerdictResult.Accepted, (await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve("bob"))).Result);
    }

    [Fact]
    public async Task Edit_that_raises_the_risk_becomes_a_review_of_its_own()
    {
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("fix.sql", Update));
        var outcome = await _fixture.Desk.GiveAsync(item.Id, GateFixture.Edited(GateFixture.DangerousSql));

        Assert.Equal(VerdictResult.EditRaisesRisk, outcome.Result);
        Assert.False(asking.IsCompleted);
        var own = Assert.Single(_fixture.Desk.Pending);
        Assert.Equal((item.Id, "alice", item.CallId, GateFixture.DangerousSql), (own.RevisionOf, own.EditedBy, own.CallId, own.Change!.After));
        Assert.True(own.Severity > item.Severity);
        Assert.Contains(own.Id, outcome.Message, StringComparison.Ordinal);

        await _fixture.Desk.GiveAsync(own.Id, GateFixture.Approve("bob"));
        var admission = await asking.WaitAsync(TestLimits.Signal, CancellationToken.None);
        Assert.Equal(AdmissionKind.ReleasedEdited, admission.Kind);
        Assert.Contains("DROP TABLE", admission.Input, StringComparison.Ordinal);
        Assert.Contains("alice and bob", admission.Reason, StringComparison.Ordinal);
        Assert.Equal(
            [EntryKind.ReviewOpened, EntryKind.ReviewVerdict, EntryKind.ReviewOpened, EntryKind.ReviewVerdict, EntryKind.ActionAdmitted],
            (await _fixture.EntriesAsync(admission.CallId)).Select(entry => entry.Draft.Kind));
    }

    [Fact]
    public async Task Review_of_an_edit_survives_the_host_and_the_first_verdict_releases_nothing()
    {
        var first = await AbandonedAsync(_fixture.Write("fix.sql", Update));
        await _fixture.Desk.GiveAsync(first.Id, GateFixture.Edited(GateFixture.DangerousSql));
        await _fixture.RestartAsync();
        var own = Assert.Single(_fixture.Desk.Pending);

        var again = _fixture.Gate.AdmitAsync(_fixture.Write("fix.sql", Update, "toolu_2"), CancellationToken.None);
        Assert.Equal(own.Id, Assert.Single(_fixture.Desk.Pending).Id);
        await _fixture.Desk.GiveAsync(own.Id, GateFixture.Reject("too much"));
        Assert.Contains("too much", (await again.WaitAsync(TestLimits.Signal, CancellationToken.None)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Edit_where_two_must_approve_starts_their_count_anew_and_its_author_is_not_the_second()
    {
        await WritePolicyAsync(PolicyRule);
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("fix.sql", Update));
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        Assert.Equal(VerdictResult.EditRaisesRisk, (await _fixture.Desk.GiveAsync(item.Id, GateFixture.Edited(Update.Replace('7', '8'), "bob"))).Result);
        var own = Assert.Single(_fixture.Desk.Pending);

        Assert.Equal(VerdictResult.SecondPersonNeeded, (await _fixture.Desk.GiveAsync(own.Id, GateFixture.Approve())).Result);
        Assert.Equal(VerdictResult.NotThisPerson, (await _fixture.Desk.GiveAsync(own.Id, GateFixture.Approve("bob"))).Result);
        Assert.Equal(VerdictResult.Accepted, (await _fixture.Desk.GiveAsync(own.Id, GateFixture.Approve("carol"))).Result);
        Assert.Contains("order_id = 8", (await asking).Input, StringComparison.Ordinal);
    }

    private async Task<Admission> ApprovedAsync(ActionRequest request)
    {
        var (asking, item) = await _fixture.AskAsync(request);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        return await asking;
    }

    // Asked, and the client went away.
    private async Task<ReviewItem> AbandonedAsync(ActionRequest request)
    {
        using var gone = new CancellationTokenSource();
        var (asking, item) = await _fixture.AskAsync(request, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        return item;
    }

    private async Task AssertAskedAnewAsync(ReviewItem earlier)
    {
        var (asking, next) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_3"));
        Assert.NotEqual(earlier.Id, next.Id);
        await _fixture.Desk.GiveAsync(next.Id, GateFixture.Reject("once is enough"));
        Assert.False((await asking).IsReleased);
    }

    private Task ChangeAsync(string what) => what == "file"
        ? File.WriteAllTextAsync(_fixture.FileIn("cleanup.sql"), "select 2;\n")
        : WritePolicyAsync("version: 1\nrules:\n  - id: more\n    match: { tools: \"Nothing\" }\n    effect: deny\n");

    private async Task WritePolicyAsync(string yaml)
    {
        Directory.CreateDirectory(_fixture.FileIn(".editorbridge"));
        await File.WriteAllTextAsync(_fixture.FileIn(".editorbridge/policy.yaml"), yaml);
    }
}
