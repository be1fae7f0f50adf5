using EditorBridge.Editor;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Sql;

namespace EditorBridge.Server.Tests.Editor;

public sealed class ReviewRoutingTests
{
    [Theory]
    [InlineData("/w/sales/a.sql", null, "/w/sales", "/w/finance", true, false)]
    [InlineData("/w/sales/deep/a.sql", null, "/w/sales/", "/w", true, true)]
    [InlineData("/w/sales-old/a.sql", null, "/w/sales", "/w/sales-old", false, true)]
    [InlineData("/w/sales/../finance/a.sql", null, "/w/sales", "/w/finance", false, true)]
    [InlineData("/elsewhere/a.sql", "/w/sales", "/w/sales", "/w/finance", true, false)]
    [InlineData("/elsewhere/a.sql", null, "/w/sales", "/w/finance", true, true)]
    [InlineData(null, "/w/finance", "/w/sales", "/w/finance", false, true)]
    [InlineData(null, null, "/w/sales", "/w/finance", true, true)]
    [InlineData("/a.sql", null, "/", "/w", true, false)]
    public void Review_is_shown_where_its_file_or_workspace_is_else_everywhere(string? path, string? workspace, string first, string second, bool inFirst, bool inSecond)
    {
        var item = Item(path, workspace);
        string[][] windows = [[first], [second]];

        Assert.Equal((inFirst, inSecond), (ReviewRouting.Concerns(item, windows[0], windows), ReviewRouting.Concerns(item, windows[1], windows)));
    }

    private static ReviewItem Item(string? path, string? workspace) => new()
    {
        Id = "r1", CallId = "c1", OpenedAt = default, ExpiresAt = default, Door = Door.Hook, Tool = "Write", Actor = "agent", Requester = "ada", Title = "Write",
        Decision = new Decision { Effect = Effect.Review, Rules = [], Obligations = Obligations.None, Summary = "", PolicyVersion = "" },
        Severity = Severity.None, Input = "{}", InputDigest = "", Workspace = workspace,
        Change = path is null ? null : new FileChange(path, null, "", Complete: true),
    };
}
