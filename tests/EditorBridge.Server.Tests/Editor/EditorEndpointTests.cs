using System.Text.Json;
using EditorBridge.Editor;
using EditorBridge.Gate;
using EditorBridge.Server.Tests.Gate;
using StreamJsonRpc;

namespace EditorBridge.Server.Tests.Editor;

public sealed class EditorEndpointTests
{
    [Fact]
    public async Task Review_opened_after_the_window_came_is_shown_with_its_texts()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        var (asking, item) = await fixture.Gate.AskAsync(fixture.Gate.Write("cleanup.sql", GateFixture.DangerousSql));

        var view = await window.OpenedAsync();
        Assert.Equal((item.Id, "pending", "hook", GateFixture.DangerousSql), (view.Id, view.State, view.Door, view.After));
        Assert.NotEmpty(view.Findings);

        var answer = await window.AskAsync<VerdictAnswer>(EditorMethods.GiveVerdict, new VerdictParams(view.Id, "approveEdited", "select 1;\n", null, false));
        Assert.Equal("accepted", answer.Result);
        Assert.Equal(AdmissionKind.ReleasedEdited, (await asking).Kind);
        Assert.Equal((view.Id, "edited", Environment.UserName), await ClosedAsync(window));
    }

    [Fact]
    public async Task Same_again_is_allowed_in_a_window_shown_in_the_others_and_taken_back_there()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var (window, other) = (await fixture.WindowAsync(""), await fixture.WindowAsync("elsewhere"));
        var (asking, item) = await fixture.Gate.AskAsync(fixture.Gate.Request("mcp__editorbridge__execute_sql", new { sql = "update raw.shop.orders set amount = 1 where order_id = 7" }));
        Assert.Equal(item.SessionScope!.Same, (await window.OpenedAsync()).SameAgain);

        await window.AskAsync<VerdictAnswer>(EditorMethods.GiveVerdict, new VerdictParams(item.Id, "approve", null, null, AgainForSession: true));
        Assert.True((await asking).IsReleased);
        var grant = Assert.Single((await other.GrantsAsync()).Grants);
        Assert.Equal((item.SessionScope.Same, Environment.UserName, 0), (grant.Same, grant.GivenBy, grant.Uses));

        Assert.True((await other.AskAsync<RevokeAnswer>(EditorMethods.RevokeGrant, new RevokeParams(grant.Id))).Revoked);
        Assert.False((await other.AskAsync<RevokeAnswer>(EditorMethods.RevokeGrant, new RevokeParams(grant.Id))).Revoked);
        Assert.Empty((await window.AskAsync<GrantsResult>(EditorMethods.ListGrants)).Grants);
    }

    [Fact]
    public async Task Review_says_who_asks_for_what_and_where_it_would_run()
    {
        await using var fixture = await EditorFixture.StartAsync();
        fixture.Gate.Sessions.Prompted("session-1", "Tidy up the orders");
        var window = await fixture.WindowAsync("");
        var (asking, item) = await fixture.Gate.AskAsync(fixture.Gate.Request("mcp__editorbridge__execute_sql", new { sql = "update raw.shop.orders set amount = 1 where order_id = 7" }));
        var view = await window.OpenedAsync();

        Assert.Equal(("Tidy up the orders", "session-1", "sandbox"), (view.Prompt, view.SessionId, view.Account));
        Assert.Contains("AMOUNT", view.Columns);
        Assert.Contains(view.Objects, o => o.Name == "RAW.SHOP.ORDERS");
        await fixture.Gate.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        await asking;
    }

    [Fact]
    public async Task Review_opened_before_the_window_came_is_in_its_list()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var (asking, item) = await fixture.Gate.AskAsync(fixture.Gate.Write("cleanup.sql", GateFixture.DangerousSql));
        var window = await fixture.WindowAsync("");

        var list = await window.AskAsync<ReviewsResult>(EditorMethods.ListReviews);
        Assert.Equal(item.Id, Assert.Single(list.Pending).Id);

        await fixture.Gate.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        Assert.Equal((item.Id, "rejected", "alice"), await ClosedAsync(window));
        Assert.False((await asking).IsReleased);
        var after = await window.AskAsync<ReviewsResult>(EditorMethods.ListReviews);
        Assert.Equal("no", Assert.Single(after.Recent).DecidedReason);
        Assert.Empty(after.Pending);
    }

    [Fact]
    public async Task Two_windows_each_get_the_reviews_of_their_own_folder()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var (sales, finance) = (await fixture.WindowAsync("sales"), await fixture.WindowAsync("finance"));
        var (_, ofSales) = await fixture.Gate.AskAsync(fixture.Gate.Write("sales/a.sql", GateFixture.DangerousSql, "toolu_1"));
        var (_, ofFinance) = await fixture.Gate.AskAsync(fixture.Gate.Write("finance/b.sql", GateFixture.DangerousSql, "toolu_2"));

        Assert.Equal(ofSales.Id, (await sales.OpenedAsync()).Id);
        Assert.Equal(ofFinance.Id, (await finance.OpenedAsync()).Id);
        Assert.Equal(ofSales.Id, Assert.Single((await sales.AskAsync<ReviewsResult>(EditorMethods.ListReviews)).Pending).Id);
        Assert.False(sales.WasToldOfReviews || finance.WasToldOfReviews);
    }

    [Fact]
    public async Task Window_that_goes_away_leaves_its_reviews_to_the_others()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var (sales, finance) = (await fixture.WindowAsync("sales"), await fixture.WindowAsync("finance"));
        var (_, item) = await fixture.Gate.AskAsync(fixture.Gate.Write("sales/a.sql", GateFixture.DangerousSql));
        await sales.OpenedAsync();

        sales.Dispose();
        Assert.Equal(item.Id, (await finance.OpenedAsync()).Id);
    }

    [Fact]
    public async Task Folder_added_to_a_window_brings_its_reviews()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var (sales, other) = (await fixture.WindowAsync("sales"), await fixture.WindowAsync("other"));
        var (_, item) = await fixture.Gate.AskAsync(fixture.Gate.Write("sales/a.sql", GateFixture.DangerousSql));
        await sales.OpenedAsync();

        await other.TellAsync(EditorMethods.WorkspaceChanged, new WorkspaceChangedParams([Path.Combine(fixture.Gate.Workspace, "sales")]));
        Assert.Equal(item.Id, (await other.OpenedAsync()).Id);
    }

    [Fact]
    public async Task Command_line_sees_every_review_and_takes_none_away()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var sales = await fixture.WindowAsync("sales");
        var terminal = await fixture.ConnectAsync();
        await terminal.AskAsync<InitializeResult>(EditorMethods.Initialize, fixture.Introduction() with { ClientName = "terminal" });
        var (_, item) = await fixture.Gate.AskAsync(fixture.Gate.Write("sales/a.sql", GateFixture.DangerousSql));
        await sales.OpenedAsync();

        Assert.Equal(item.Id, Assert.Single((await terminal.AskAsync<ReviewsResult>(EditorMethods.ListReviews)).Pending).Id);
        Assert.False(terminal.WasToldOfReviews);
    }

    [Fact]
    public async Task Another_protocol_version_is_refused_and_says_what_to_update()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.ConnectAsync();

        var refusal = await Assert.ThrowsAsync<RemoteInvocationException>(() =>
            window.AskAsync<InitializeResult>(EditorMethods.Initialize, fixture.Introduction() with { ProtocolVersion = 99 }));
        Assert.Equal(EditorErrors.VersionMismatch, refusal.ErrorCode);
        Assert.Contains("speaks protocol 99", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EditorMethods.ListReviews)]
    [InlineData(EditorMethods.TerminalEnvironment)]
    [InlineData(EditorMethods.PortalLink)]
    [InlineData(EditorMethods.McpServer)]
    public async Task Whoever_has_not_introduced_themselves_gets_nothing(string method)
    {
        await using var fixture = await EditorFixture.StartAsync();
        var stranger = await fixture.ConnectAsync();

        var refusal = await Assert.ThrowsAsync<RemoteInvocationException>(() => stranger.AskAsync<JsonElement>(method));
        Assert.Equal(EditorErrors.Refused, refusal.ErrorCode);
    }

    [Fact]
    public async Task Unknown_kind_of_verdict_decides_nothing()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        var (_, item) = await fixture.Gate.AskAsync(fixture.Gate.Write("cleanup.sql", GateFixture.DangerousSql));

        await Assert.ThrowsAsync<RemoteInvocationException>(() => window.AskAsync<VerdictAnswer>(EditorMethods.GiveVerdict, new VerdictParams(item.Id, "7", null, null, false)));
        Assert.Equal(item.Id, Assert.Single(fixture.Gate.Desk.Pending).Id);
    }

    [Fact]
    public async Task Garbage_ends_the_connection_and_nothing_else()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        await using var broken = await ControlChannel.ConnectAsync(fixture.Gate.State, CancellationToken.None);
        await broken.WriteAsync("Content-Length: banana\r\n\r\n{{{"u8.ToArray());

        Assert.Equal(0, await broken.ReadAsync(new byte[16]).AsTask().WaitAsync(TestLimits.Signal, CancellationToken.None));
        Assert.Empty((await window.AskAsync<ReviewsResult>(EditorMethods.ListReviews)).Pending);
    }

    [Fact]
    public async Task Portal_link_is_kept_by_its_digest_only()
    {
        await using var fixture = await EditorFixture.StartAsync();
        Directory.CreateDirectory(fixture.Gate.State.PortalLinks);
        var window = await fixture.WindowAsync("");

        var link = new Uri((await window.AskAsync<PortalLinkResult>(EditorMethods.PortalLink)).Url);
        Assert.Equal((EditorFixture.Portal, "/sign-in"), (link.GetLeftPart(UriPartial.Authority), link.AbsolutePath));
        var code = link.Query["?code=".Length..];
        var file = Assert.Single(Directory.GetFiles(fixture.Gate.State.PortalLinks));
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(code))), Path.GetFileName(file));
        Assert.DoesNotContain(code, await File.ReadAllTextAsync(file), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Terminals_get_the_address_and_the_clients_token_but_not_the_hooks()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");

        var variables = (await window.AskAsync<TerminalEnvironmentResult>(EditorMethods.TerminalEnvironment)).Variables;
        Assert.Equal("http://127.0.0.1:4000", variables["ANTHROPIC_BASE_URL"]);
        Assert.Equal(fixture.Gate.State.ClientToken("claude"), variables["ANTHROPIC_AUTH_TOKEN"]);
        Assert.DoesNotContain(fixture.Gate.State.ClientToken("hook"), variables.Values);
    }

    [Fact]
    public async Task Gateway_is_told_with_its_own_token()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");

        var server = await window.AskAsync<McpServerResult>(EditorMethods.McpServer);
        Assert.Equal("http://127.0.0.1:4000/mcp", server.Url);
        Assert.Equal("Bearer " + fixture.Gate.State.ClientToken("mcp"), server.Headers["Authorization"]);
    }

    [Fact]
    public async Task Analysis_places_each_statement_in_the_file()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        const string text = "-- two\nselect 1;\nDROP TABLE RAW.ORDERS;\n";

        var result = await window.AskAsync<AnalyzeResult>(EditorMethods.AnalyzeSql, new AnalyzeParams("/project/a.sql", text));
        Assert.NotEmpty(result.Statements);
        Assert.All(result.Statements, statement => Assert.InRange(statement.Start + statement.Length, 1, text.Length));
        Assert.All(result.Findings, finding => Assert.InRange(finding.Start + finding.Length, 0, text.Length));
        Assert.Contains(result.Statements, statement => text.AsSpan(statement.Start, statement.Length).Contains("DROP TABLE", StringComparison.Ordinal) && statement.Effect != "allow");
    }

    private static async Task<(string Id, string State, string? By)> ClosedAsync(EditorClient window)
    {
        var closed = await window.ClosedAsync();
        return (closed.Id, closed.State, closed.DecidedBy);
    }
}
