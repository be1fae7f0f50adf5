using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Policy;
using EditorBridge.Review;

namespace EditorBridge.Server.Tests.Gate;

public sealed class ActionGateTests : IAsyncLifetime
{
    private readonly GateFixture _fixture = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Benign_write_is_released_at_once_and_recorded()
    {
        var admission = await _fixture.Gate.AdmitAsync(_fixture.Write("orders.sql", GateFixture.BenignSql), CancellationToken.None);

        Assert.Equal(AdmissionKind.Released, admission.Kind);
        Assert.Null(admission.Person);
        Assert.Equal([EntryKind.ActionAdmitted], await KindsAsync(admission));
    }

    [Fact]
    public async Task Dangerous_write_approved_is_released_with_question_verdict_and_release_recorded()
    {
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        Assert.Equal(GateFixture.DangerousSql, item.Change!.After);
        Assert.Null(item.Change.Before);
        Assert.NotEmpty(item.Findings);

        var outcome = await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        var admission = await asking;

        Assert.Equal(VerdictResult.Accepted, outcome.Result);
        Assert.Equal((AdmissionKind.Released, "alice"), (admission.Kind, admission.Person));
        Assert.Equal([EntryKind.ReviewOpened, EntryKind.ReviewVerdict, EntryKind.ActionAdmitted], await KindsAsync(admission));
    }

    [Fact]
    public async Task Rejection_reaches_the_agent_with_its_reason()
    {
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("orders are still needed"));
        var admission = await asking;

        Assert.False(admission.IsReleased);
        Assert.Contains("orders are still needed", admission.Reason, StringComparison.Ordinal);
        Assert.Equal([EntryKind.ReviewOpened, EntryKind.ReviewVerdict, EntryKind.ActionRefused], await KindsAsync(admission));
    }

    [Fact]
    public async Task Edited_text_is_what_is_released()
    {
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Edited("select 1;\n"));
        var admission = await asking;

        Assert.Equal(AdmissionKind.ReleasedEdited, admission.Kind);
        Assert.Contains("\"content\":\"select 1;\\n\"", admission.Input, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Edit_that_policy_refuses_decides_nothing()
    {
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        var outcome = await _fixture.Desk.GiveAsync(item.Id, GateFixture.Edited("grant role accountadmin to user mallory;\ndrop database prod;"));

        Assert.Equal(VerdictResult.NotEditable, outcome.Result);
        Assert.Contains("Policy refuses", outcome.Message, StringComparison.Ordinal);
        Assert.False(asking.IsCompleted);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        Assert.False((await asking).IsReleased);
    }

    [Fact]
    public async Task Nobody_answers_counts_as_rejection()
    {
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        _fixture.Time.Advance(ActionGate.ReviewLifetime + TimeSpan.FromSeconds(1));
        var admission = await asking.WaitAsync(TestLimits.Signal);

        Assert.False(admission.IsReleased);
        Assert.Equal([EntryKind.ReviewOpened, EntryKind.ReviewExpired, EntryKind.ActionRefused], await KindsAsync(admission));
        Assert.Equal(VerdictResult.Late, (await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve())).Result);
    }

    [Fact]
    public async Task Verdict_that_races_the_end_of_its_review_decides_or_is_late_and_never_both()
    {
        for (var round = 0; round < 20; round++)
        {
            var (asking, item) = await _fixture.AskAsync(_fixture.Write($"cleanup-{round}.sql", GateFixture.DangerousSql));
            var giving = Task.Run(() => _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve()));
            _fixture.Time.Advance(ActionGate.ReviewLifetime + TimeSpan.FromSeconds(1));
            var given = await giving.WaitAsync(TestLimits.Signal);
            var admission = await asking.WaitAsync(TestLimits.Signal);

            Assert.Equal(given.Result != VerdictResult.Late, admission.IsReleased);
            var kinds = await KindsAsync(admission);
            Assert.Single(kinds, kind => kind is EntryKind.ActionAdmitted or EntryKind.ActionRefused);
            Assert.Equal(admission.IsReleased ? 0 : 1, kinds.Count(kind => kind == EntryKind.ReviewExpired));
        }
    }

    [Fact]
    public async Task Second_verdict_is_late_and_recorded()
    {
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        var late = await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve("bob"));

        Assert.Equal(VerdictResult.Late, late.Result);
        Assert.False((await asking).IsReleased);
    }

    [Fact]
    public async Task One_call_through_two_doors_is_asked_once()
    {
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_7", Door.Stream));
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        var first = await asking;

        var second = await _fixture.Gate.AdmitAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_7"), CancellationToken.None);

        Assert.Equal(first, second);
        Assert.Empty(_fixture.Desk.Pending);
    }

    [Fact]
    public async Task Same_tool_use_with_another_input_is_judged_anew()
    {
        await _fixture.Gate.AdmitAsync(_fixture.Write("a.sql", GateFixture.BenignSql, "toolu_7", Door.Stream), CancellationToken.None);
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("a.sql", GateFixture.DangerousSql, "toolu_7"));
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("changed on the way"));

        Assert.False((await asking).IsReleased);
    }

    [Fact]
    public async Task Call_asked_again_after_its_client_left_finds_the_open_review()
    {
        using var gone = new CancellationTokenSource();
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_1"), gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Single(_fixture.Desk.Pending);

        var again = _fixture.Gate.AdmitAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_2"), CancellationToken.None);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());

        Assert.True((await again.WaitAsync(TestLimits.Signal)).IsReleased);
    }

    [Fact]
    public async Task Verdict_given_while_the_client_was_away_is_delivered_once()
    {
        using var gone = new CancellationTokenSource();
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql), gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());

        var delivered = await _fixture.Gate.AdmitAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_2"), CancellationToken.None);
        Assert.True(delivered.IsReleased);

        var (third, next) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_3"));
        Assert.NotEqual(item.Id, next.Id);
        await _fixture.Desk.GiveAsync(next.Id, GateFixture.Reject("once is enough"));
        Assert.False((await third).IsReleased);
    }

    [Fact]
    public async Task Review_survives_the_host_and_its_verdict_fits_the_same_call()
    {
        using var gone = new CancellationTokenSource();
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql), gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);

        await _fixture.RestartAsync();
        var restored = Assert.Single(_fixture.Desk.Pending);
        Assert.Equal((item.Id, item.Title, GateFixture.DangerousSql), (restored.Id, restored.Title, restored.Change!.After));

        var again = _fixture.Gate.AdmitAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql, "toolu_2"), CancellationToken.None);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        Assert.True((await again.WaitAsync(TestLimits.Signal)).IsReleased);
    }

    [Fact]
    public async Task File_changed_during_the_review_voids_the_approval()
    {
        await File.WriteAllTextAsync(_fixture.FileIn("cleanup.sql"), "select 1;\n");
        var (asking, item) = await _fixture.AskAsync(_fixture.Write("cleanup.sql", GateFixture.DangerousSql));
        await File.WriteAllTextAsync(_fixture.FileIn("cleanup.sql"), "select 2;\n");
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());

        var admission = await asking;
        Assert.False(admission.IsReleased);
        Assert.Contains("changed while the review was open", admission.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("drop table raw.orders;\nselect 1;\n", "DROP TABLE raw.orders;\n\n-- counted below\nselect 1;\n", true)]
    [InlineData("drop table raw.orders;\nselect 1;\n", "drop table raw.orders;\nselect 2;\n", true)]
    [InlineData("drop table raw.orders;\nselect 1;\n", "drop table raw.customers;\nselect 1;\n", false)]
    [InlineData("select 1;\n", "select 1;\ndrop table raw.orders;\n", false)]
    [InlineData("delete from raw.orders where id = 1;\n", "delete from raw.orders;\n", false)]
    [InlineData("use schema dev.app;\ndelete from t where id = 1;\n", "use schema prod.app;\ndelete from t where id = 1;\n", false)]
    public async Task Only_what_the_agent_changes_is_judged(string before, string after, bool released)
    {
        await File.WriteAllTextAsync(_fixture.FileIn("a.sql"), before);
        var request = _fixture.Write("a.sql", after);
        if (released)
        {
            Assert.True((await _fixture.Gate.AdmitAsync(request, CancellationToken.None)).IsReleased);
            return;
        }

        var (asking, item) = await _fixture.AskAsync(request);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        Assert.False((await asking).IsReleased);
    }

    [Theory]
    [InlineData("select * from {{ ref('orders') }}", true)]
    [InlineData("select * from {{ source('shop', 'payments') }} where day > '{{ var('since') }}'", true)]
    [InlineData("select * from {{ ref('unheard_of') }}", false)]
    [InlineData("{{ config(pre_hook=\"drop table raw.orders\") }} select * from {{ ref('orders') }}", false)]
    public async Task Dbt_model_is_read_with_the_names_its_project_explains(string model, bool released)
    {
        Directory.CreateDirectory(_fixture.FileIn("models"));
        await File.WriteAllTextAsync(_fixture.FileIn("dbt_project.yml"), "name: shop\nvars:\n  since: 2026-01-01\n");
        await File.WriteAllTextAsync(_fixture.FileIn("models/orders.sql"), "select 1 as id");
        await File.WriteAllTextAsync(_fixture.FileIn("models/sources.yml"), "sources:\n  - name: shop\n    database: raw\n    tables:\n      - name: payments\n");
        var request = _fixture.Write("models/new_model.sql", model);
        if (released)
        {
            Assert.True((await _fixture.Gate.AdmitAsync(request, CancellationToken.None).WaitAsync(TestLimits.Signal, CancellationToken.None)).IsReleased);
            return;
        }

        var (asking, item) = await _fixture.AskAsync(request);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        Assert.False((await asking).IsReleased);
    }

    [Fact]
    public async Task Nothing_is_released_when_the_ledger_cannot_record()
    {
        await _fixture.Ledger.DisposeAsync();
        var admission = await _fixture.Gate.AdmitAsync(_fixture.Write("orders.sql", GateFixture.BenignSql), CancellationToken.None);

        Assert.False(admission.IsReleased);
        Assert.Contains("could not record", admission.Reason, StringComparison.Ordinal);
    }

    private async Task<EntryKind[]> KindsAsync(Admission admission) =>
        [.. (await _fixture.EntriesAsync(admission.CallId)).Select(e => e.Draft.Kind)];
}
