using EditorBridge.Audit;
using EditorBridge.Editor;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;
using StreamJsonRpc;

namespace EditorBridge.Server.Tests.Editor;

/// <summary>The editor's door: a person asks for a review of a change of their own.</summary>
public sealed class WindowReviewsTests(HostFixture host) : IClassFixture<HostFixture>
{
    private const string Before = "select 1;\n";

    [Theory]
    [InlineData("select 1;\ndrop table raw.orders;\n", true)]
    [InlineData("select 1;\ndrop table raw.orders;\n", false)]
    [InlineData("select 2;\n", true)]
    public async Task Review_a_person_asks_for_is_held_and_its_end_is_told_and_recorded(string after, bool approved)
    {
        using var window = await HostWindows.OpenAsync(host.State);
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.sql");
        var asking = window.AskAsync<AskReviewResult>(EditorMethods.AskReview, new AskReviewParams(path, Before, after));
        var item = await host.OpenedAsync(review => review.FilePath == path);
        Assert.Equal((Door.Editor, "person:" + Environment.UserName, Before, after, false), (item.Door, item.Actor, item.Change!.Before, item.Change.After, item.EditableProperty is not null));
        Assert.Equal(after.Contains("drop", StringComparison.Ordinal), item.Severity >= Sql.Severity.High);
        await host.Desk.GiveAsync(item.Id, approved ? GateFixture.Approve() : GateFixture.Reject("Finance reads it."));
        var told = await asking;

        Assert.Equal(approved, told.Approved);
        Assert.Contains(approved ? "alice approved this" : "Finance reads it.", told.Message, StringComparison.Ordinal);
        Assert.Equal(
            [EntryKind.ReviewOpened, EntryKind.ReviewVerdict, approved ? EntryKind.ActionAdmitted : EntryKind.ActionRefused],
            (await host.EntriesAsync(item.CallId)).Select(entry => entry.Draft.Kind));
    }

    [Fact]
    public async Task Review_its_asker_takes_back_is_withdrawn()
    {
        using var window = await HostWindows.OpenAsync(host.State);
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.sql");
        using var back = new CancellationTokenSource();
        var asking = window.AskAsync<AskReviewResult>(EditorMethods.AskReview, new AskReviewParams(path, null, "drop table raw.orders;"), back.Token);
        var item = await host.OpenedAsync(review => review.FilePath == path);
        var closed = new TaskCompletionSource<ReviewState>(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Desk.Closed += end => _ = end.Item.Id == item.Id && closed.TrySetResult(end.State);
        await back.CancelAsync();

        Assert.Equal(ReviewState.Withdrawn, await closed.Task.WaitAsync(TestLimits.Signal));
        try
        {
            Assert.False((await asking).Approved);
        }
        catch (OperationCanceledException)
        {
            // The cancellation may be told before the answer.
        }
    }

    [Theory]
    [InlineData("relative.sql", 1)]
    [InlineData("/tmp/a.sql", 5 * 1024 * 1024)]
    public async Task What_cannot_be_reviewed_is_refused_with_the_reason(string path, int length)
    {
        var after = new string(' ', length);
        using var window = await HostWindows.OpenAsync(host.State);
        var refused = await Assert.ThrowsAnyAsync<RemoteInvocationException>(() => window.AskAsync<AskReviewResult>(EditorMethods.AskReview, new AskReviewParams(path, null, after)));
        Assert.Contains("Nothing was asked", refused.Message, StringComparison.Ordinal);
    }
}
