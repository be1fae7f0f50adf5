using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Editor;
using EditorBridge.Gate;
using EditorBridge.Ide;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Server.Tests.Editor;
using EditorBridge.Server.Tests.Gate;
using StreamJsonRpc;

namespace EditorBridge.Server.Tests.Ide;

public sealed class IdeDoorTests
{
    private const string EditedSql = "select 1 as kept;\n";

    [Fact]
    public async Task Lock_file_names_port_folders_and_token_and_is_the_owners_alone()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("sales");
        var (port, file) = await OpenAsync(fixture, window);

        var content = JsonNode.Parse(await File.ReadAllTextAsync(file))!.AsObject();
        Assert.Equal(["pid", "workspaceFolders", "ideName", "transport", "runningInWindows", "authToken"], content.Select(member => member.Key));
        Assert.Equal(
            (Environment.ProcessId, Path.Combine(fixture.Gate.Workspace, "sales"), "EditorBridge", "ws", false),
            (content["pid"]!.GetValue<int>(), content["workspaceFolders"]!.AsArray().Single()!.GetValue<string>(), content["ideName"]!.GetValue<string>(), content["transport"]!.GetValue<string>(), content["runningInWindows"]!.GetValue<bool>()));
        Assert.Matches("^[0-9a-f]{64}$", content["authToken"]!.GetValue<string>());
        Assert.Equal($"{port}.lock", Path.GetFileName(file));
        if (OperatingSystem.IsWindows()) return;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(fixture.LockFolder));
    }

    [Fact]
    public async Task Each_window_has_a_door_of_its_own_that_ends_with_it()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var (sales, finance) = (await fixture.WindowAsync("sales"), await fixture.WindowAsync("finance"));
        var (first, second) = (await OpenAsync(fixture, sales), await OpenAsync(fixture, finance));
        Assert.NotEqual(first.Port, second.Port);
        Assert.Equal(first.Port, (await sales.AskAsync<IdeDoorResult>(EditorMethods.OpenIdeDoor)).Port);

        await using var client = await ClientAsync(first);
        sales.Dispose();
        await Assert.ThrowsAsync<WebSocketException>(client.EndAsync);
        Assert.Equal([Path.GetFileName(second.File)], Directory.GetFiles(fixture.LockFolder).Select(Path.GetFileName));

        await finance.AskAsync<JsonElement?>(EditorMethods.CloseIdeDoor);
        Assert.Empty(Directory.GetFiles(fixture.LockFolder));
    }

    [Fact]
    public async Task Folder_added_to_a_window_stands_in_its_lock_file()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("sales");
        var (_, file) = await OpenAsync(fixture, window);

        var added = Path.Combine(fixture.Gate.Workspace, "finance");
        await window.TellAsync(EditorMethods.WorkspaceChanged, new WorkspaceChangedParams([added]));
        await window.AskAsync<ReviewsResult>(EditorMethods.ListReviews); // messages are handled in order
        Assert.Equal(added, JsonNode.Parse(await File.ReadAllTextAsync(file))!["workspaceFolders"]!.AsArray().Single()!.GetValue<string>());
    }

    [Theory]
    [InlineData(null, null, null, HttpStatusCode.Unauthorized)]
    [InlineData("wrong", null, null, HttpStatusCode.Unauthorized)]
    [InlineData("right", "example.com", null, HttpStatusCode.Forbidden)]
    [InlineData("right", null, "http://127.0.0.1", HttpStatusCode.Forbidden)]
    [InlineData("right", null, null, HttpStatusCode.UpgradeRequired)]
    public async Task Whoever_is_no_client_gets_no_connection(string? token, string? host, string? origin, HttpStatusCode expected)
    {
        await using var fixture = await EditorFixture.StartAsync();
        var door = await OpenAsync(fixture, await fixture.WindowAsync(""));
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{door.Port}/");
        if (token is not null) request.Headers.TryAddWithoutValidation("x-claude-code-ide-authorization", token == "right" ? TokenIn(door.File) : token);
        if (host is not null) request.Headers.Host = host;
        if (origin is not null) request.Headers.TryAddWithoutValidation("Origin", origin);

        using var response = await http.SendAsync(request);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Command_line_gets_no_door()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var terminal = await fixture.ConnectAsync();
        await terminal.AskAsync<InitializeResult>(EditorMethods.Initialize, fixture.Introduction("") with { ClientName = "terminal" });

        var refusal = await Assert.ThrowsAsync<RemoteInvocationException>(() => terminal.AskAsync<IdeDoorResult>(EditorMethods.OpenIdeDoor));
        Assert.Equal(EditorErrors.Refused, refusal.ErrorCode);
    }

    [Theory]
    [InlineData("approve", GateFixture.DangerousSql)]
    [InlineData("edit", EditedSql)]
    [InlineData("reject", null)]
    [InlineData("expire", null)]
    public async Task Diff_is_answered_from_the_review(string verdict, string? written)
    {
        await using var fixture = await EditorFixture.StartAsync();
        await using var client = await ClientAsync(await OpenAsync(fixture, await fixture.WindowAsync("")));

        var (answer, item) = await AskAsync(fixture, client, "cleanup.sql", GateFixture.DangerousSql);
        Assert.Equal((Door.OpenDiff, "Write", "agent:claude-code/2.1.330"), (item.Door, item.Tool, item.Actor));
        if (verdict == "expire") fixture.Gate.Time.Advance(ActionGate.ReviewLifetime);
        else await fixture.Gate.Desk.GiveAsync(item.Id, verdict switch { "approve" => GateFixture.Approve(), "edit" => GateFixture.Edited(EditedSql), _ => GateFixture.Reject("no") });

        Assert.Equal(written is null ? ["DIFF_REJECTED", "tab 1"] : ["FILE_SAVED", written], await answer);
        Assert.Equal(written is null ? EntryKindNames.Refused : EntryKindNames.Admitted, (await fixture.Gate.EntriesAsync(item.CallId))[^1].Draft.Kind.ToString());
    }

    [Fact]
    public async Task Diff_of_a_file_that_changed_while_it_was_shown_is_rejected_whatever_the_verdict()
    {
        await using var fixture = await EditorFixture.StartAsync();
        await using var client = await ClientAsync(await OpenAsync(fixture, await fixture.WindowAsync("")));

        var (answer, item) = await AskAsync(fixture, client, "cleanup.sql", GateFixture.DangerousSql);
        await File.WriteAllTextAsync(item.FilePath!, "select 'somebody else was here';\n");
        await fixture.Gate.Desk.GiveAsync(item.Id, GateFixture.Approve());

        Assert.Equal(["DIFF_REJECTED", "tab 1"], await answer);
        Assert.Equal(EntryKindNames.Refused, (await fixture.Gate.EntriesAsync(item.CallId))[^1].Draft.Kind.ToString());
    }

    [Fact]
    public async Task Harmless_diff_is_asked_all_the_same_because_the_client_asks_a_person()
    {
        await using var fixture = await EditorFixture.StartAsync();
        await using var client = await ClientAsync(await OpenAsync(fixture, await fixture.WindowAsync("")));

        var (answer, item) = await AskAsync(fixture, client, "report.sql", GateFixture.BenignSql);
        Assert.False(answer.IsCompleted);
        await fixture.Gate.Desk.GiveAsync(item.Id, GateFixture.Approve());
        Assert.Equal(["FILE_SAVED", GateFixture.BenignSql], await answer);
    }

    [Theory]
    [InlineData("a\r\nb\r\n", "a\nc\n", "a\r\nc\r\n")]
    [InlineData("a\r\nb\n", "a\nc\n", "a\nc\n")]
    [InlineData("a\nb\n", "a\nc\n", "a\nc\n")]
    [InlineData(null, "a\nc\n", "a\nc\n")]
    public async Task Text_is_shown_with_the_files_line_ends_and_given_back_as_the_client_sent_it(string? before, string proposed, string shown)
    {
        await using var fixture = await EditorFixture.StartAsync();
        if (before is not null) await File.WriteAllTextAsync(fixture.Gate.FileIn("a.txt"), before);
        await using var client = await ClientAsync(await OpenAsync(fixture, await fixture.WindowAsync("")));

        var (answer, item) = await AskAsync(fixture, client, "a.txt", proposed);
        Assert.Equal(shown, item.Change!.After);
        await fixture.Gate.Desk.GiveAsync(item.Id, GateFixture.Approve());
        Assert.Equal(["FILE_SAVED", proposed], await answer);
    }

    [Theory]
    [InlineData("2.1.112", "select 1;\n", "select 1;\n\n")]
    [InlineData("2.1.112", "select 1;", "select 1;")]
    [InlineData("2.1.330", "select 1;\n", "select 1;\n")]
    public async Task Client_that_drops_the_last_line_end_of_a_new_file_gets_one_more(string version, string text, string answered)
    {
        await using var fixture = await EditorFixture.StartAsync();
        var door = await OpenAsync(fixture, await fixture.WindowAsync(""));
        await using var client = await IdeClient.ConnectAsync(door.Port, TokenIn(door.File), version);

        var (answer, item) = await AskAsync(fixture, client, "new.sql", text);
        await fixture.Gate.Desk.GiveAsync(item.Id, GateFixture.Approve());
        Assert.Equal(["FILE_SAVED", answered], await answer);
    }

    [Fact]
    public async Task Window_that_closes_while_a_person_is_asked_leaves_the_question_open()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        await using var client = await ClientAsync(await OpenAsync(fixture, window));
        var (_, item) = await AskAsync(fixture, client, "cleanup.sql", GateFixture.DangerousSql);

        window.Dispose();
        await Assert.ThrowsAsync<WebSocketException>(client.EndAsync);
        Assert.Equal(item.Id, Assert.Single(fixture.Gate.Desk.Pending).Id);
    }

    [Fact]
    public async Task Diff_that_policy_refuses_is_rejected_unasked()
    {
        await using var fixture = await EditorFixture.StartAsync();
        await using var client = await ClientAsync(await OpenAsync(fixture, await fixture.WindowAsync("")));

        Assert.Equal("DIFF_REJECTED", (await client.CallAsync("openDiff", Diff(fixture, "cleanup.sql", "drop schema raw;\n")))[0]);
        Assert.Empty(fixture.Gate.Desk.Recent);
    }

    [Theory]
    [InlineData("relative.sql", "text")]
    [InlineData(null, "text")]
    [InlineData("/abs.sql", null)]
    public async Task Diff_without_a_path_or_a_text_is_rejected_unasked(string? path, string? text)
    {
        await using var fixture = await EditorFixture.StartAsync();
        await using var client = await ClientAsync(await OpenAsync(fixture, await fixture.WindowAsync("")));

        Assert.Equal("DIFF_REJECTED", (await client.CallAsync("openDiff", new JsonObject { ["new_file_path"] = path, ["new_file_contents"] = text, ["tab_name"] = "t" }))[0]);
        Assert.Empty(fixture.Gate.Desk.Pending);
    }

    [Fact]
    public async Task Call_the_hook_let_pass_is_named_in_the_diffs_review()
    {
        await using var fixture = await EditorFixture.StartAsync();
        await File.WriteAllTextAsync(fixture.Gate.FileIn("report.sql"), "select 1;\n");
        var hook = await fixture.Gate.Gate.AdmitAsync(fixture.Gate.Request("Edit", new { file_path = fixture.Gate.FileIn("report.sql"), old_string = "1", new_string = "2" }), CancellationToken.None);
        Assert.True(hook is { IsReleased: true, Person: null });
        await using var client = await ClientAsync(await OpenAsync(fixture, await fixture.WindowAsync("")));

        var (answer, item) = await AskAsync(fixture, client, "report.sql", "select 2;\n");
        Assert.Equal(("session-1", "toolu_1", "select 1;\n"), (item.SessionId, item.ToolUseId, item.Change!.Before));
        await fixture.Gate.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        Assert.Equal("DIFF_REJECTED", (await answer)[0]);
        Assert.False(fixture.Gate.Admitted.WasReleased("session-1", "toolu_1"), "a person's no is the call's answer now");
        Assert.Contains("rejected it: no", fixture.Gate.Sessions.TakeUntold("session-1"), StringComparison.Ordinal);
        Assert.Null(fixture.Gate.Sessions.TakeUntold("session-1"));
    }

    [Theory]
    [InlineData(null, GateFixture.DangerousSql)]
    [InlineData(EditedSql, EditedSql)]
    public async Task Call_a_person_approved_at_another_door_is_not_asked_again(string? edit, string written)
    {
        await using var fixture = await EditorFixture.StartAsync();
        var (asking, first) = await fixture.Gate.AskAsync(fixture.Gate.Write("cleanup.sql", GateFixture.DangerousSql, door: Door.Stream));
        await fixture.Gate.Desk.GiveAsync(first.Id, edit is null ? GateFixture.Approve() : GateFixture.Edited(edit));
        Assert.True((await asking).IsReleased);
        await using var client = await ClientAsync(await OpenAsync(fixture, await fixture.WindowAsync("")));

        Assert.Equal(["FILE_SAVED", written], await client.CallAsync("openDiff", Diff(fixture, "cleanup.sql", written)));
        Assert.Empty(fixture.Gate.Desk.Pending);

        // An approval holds once, and for its very text.
        var (_, again) = await AskAsync(fixture, client, "cleanup.sql", written);
        Assert.NotEqual(first.Id, again.Id);
        var (_, other) = await AskAsync(fixture, client, "cleanup.sql", written + "drop table raw.b;\n", "tab 2");
        Assert.NotEqual(again.Id, other.Id);
    }

    [Theory]
    [InlineData("close_tab")]
    [InlineData("closeAllDiffTabs")]
    [InlineData("notifications/cancelled")]
    public async Task Question_the_client_takes_back_is_withdrawn_and_releases_nothing(string how)
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        await using var client = await ClientAsync(await OpenAsync(fixture, window));
        var asked = client.NextId;
        var (answer, item) = await AskAsync(fixture, client, "cleanup.sql", GateFixture.DangerousSql);

        if (how == "notifications/cancelled") await client.TellAsync(how, new JsonObject { ["requestId"] = asked });
        else await client.CallAsync(how, how == "close_tab" ? new JsonObject { ["tab_name"] = "tab 1" } : []);
        await window.OpenedAsync();
        Assert.Equal((item.Id, "withdrawn"), await ClosedAsync(window));
        Assert.Empty(fixture.Gate.Desk.Pending);
        if (how != "notifications/cancelled") Assert.Equal("DIFF_REJECTED", (await answer)[0]);
        Assert.Equal(VerdictResult.Late, (await fixture.Gate.Desk.GiveAsync(item.Id, GateFixture.Approve())).Result);
        Assert.DoesNotContain(await fixture.Gate.EntriesAsync(item.CallId), entry => entry.Draft.Kind.ToString() == EntryKindNames.Admitted);
    }

    [Fact]
    public async Task Connection_that_drops_while_a_person_is_asked_decides_nothing_and_the_question_stays()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var door = await OpenAsync(fixture, await fixture.WindowAsync(""));
        await using var client = await ClientAsync(door);
        var (_, item) = await AskAsync(fixture, client, "cleanup.sql", GateFixture.DangerousSql);
        client.Abort();

        await using var next = await ClientAsync(door);
        Assert.Equal(item.Id, Assert.Single(fixture.Gate.Desk.Pending).Id);
        Assert.DoesNotContain(await fixture.Gate.EntriesAsync(item.CallId), entry => entry.Draft.Kind.ToString() == EntryKindNames.Admitted);

        // The same question of the client that came back finds the review instead of asking twice.
        var answer = next.CallAsync("openDiff", Diff(fixture, "cleanup.sql", GateFixture.DangerousSql));
        await next.AskAsync("ping", []);
        await fixture.Gate.Desk.GiveAsync(item.Id, GateFixture.Approve());
        Assert.Equal(["FILE_SAVED", GateFixture.DangerousSql], await answer);
        Assert.Empty(fixture.Gate.Desk.Pending);
    }

    [Fact]
    public async Task Every_tool_is_listed_and_answers_without_the_word_that_means_yes()
    {
        await using var fixture = await EditorFixture.StartAsync();
        await using var client = await ClientAsync(await OpenAsync(fixture, await fixture.WindowAsync("")));
        Assert.Equal("mcp", client.Subprotocol);

        var listed = (await client.AskAsync("tools/list", []))["tools"]!.AsArray().Select(tool => tool!["name"]!.GetValue<string>()).ToArray();
        Assert.Equal(
            ["checkDocumentDirty", "closeAllDiffTabs", "close_tab", "executeCode", "getCurrentSelection", "getDiagnostics", "getLatestSelection", "getOpenEditors", "getWorkspaceFolders", "openDiff", "openFile", "saveDocument"],
            listed.Order(StringComparer.Ordinal));
        // IdeClient fails on every frame that holds TAB_CLOSED; here each tool is called bare, and with every argument any of them knows.
        foreach (var tool in listed)
        {
            Assert.NotEmpty(await client.CallAsync(tool, []));
            if (tool == "openDiff") continue;
            Assert.NotEmpty(await client.CallAsync(tool, new JsonObject { ["tab_name"] = "t", ["filePath"] = fixture.Gate.State.HostFile, ["uri"] = "file:///a.sql", ["code"] = "1" }));
        }
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[1,2]")]
    public async Task Garbage_ends_the_connection_and_nothing_else(string text)
    {
        await using var fixture = await EditorFixture.StartAsync();
        var door = await OpenAsync(fixture, await fixture.WindowAsync(""));
        await using var client = await ClientAsync(door);

        await client.SendTextAsync(text);
        await Assert.ThrowsAnyAsync<Exception>(client.EndAsync);
        await using var next = await ClientAsync(door);
        Assert.NotEmpty(await next.CallAsync("getWorkspaceFolders", []));
    }

    [Fact]
    public async Task Message_that_is_too_large_is_not_read()
    {
        await using var fixture = await EditorFixture.StartAsync();
        await using var client = await ClientAsync(await OpenAsync(fixture, await fixture.WindowAsync("")));

        await client.SendTextAsync(new string(' ', (32 * 1024 * 1024) + 1));
        await client.EndAsync();
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, client.ClosedWith);
    }

    internal static async Task<(int Port, string File)> OpenAsync(EditorFixture fixture, EditorClient window)
    {
        var port = (await window.AskAsync<IdeDoorResult>(EditorMethods.OpenIdeDoor)).Port;
        return (port, IdeLockFile.PathOf(fixture.LockFolder, port));
    }

    internal static Task<IdeClient> ClientAsync((int Port, string File) door) => IdeClient.ConnectAsync(door.Port, TokenIn(door.File));

    private static string TokenIn(string file) => JsonNode.Parse(File.ReadAllText(file))!["authToken"]!.GetValue<string>();

    private static JsonObject Diff(EditorFixture fixture, string name, string text, string tab = "tab 1") => new()
    {
        ["old_file_path"] = fixture.Gate.FileIn(name), ["new_file_path"] = fixture.Gate.FileIn(name), ["new_file_contents"] = text, ["tab_name"] = tab,
    };

    /// <summary>Asks for a verdict on a change and waits until the question lies on the desk.</summary>
    private static async Task<(Task<string[]> Answer, ReviewItem Item)> AskAsync(EditorFixture fixture, IdeClient client, string name, string text, string tab = "tab 1")
    {
        var opened = new TaskCompletionSource<ReviewItem>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Take(ReviewItem item) => opened.TrySetResult(item);
        fixture.Gate.Desk.Opened += Take;
        var answer = client.CallAsync("openDiff", Diff(fixture, name, text, tab));
        var first = await Task.WhenAny(opened.Task, answer).WaitAsync(TestLimits.Signal);
        fixture.Gate.Desk.Opened -= Take;
        if (first == answer) Assert.Fail($"The diff was answered without a question: {string.Join(", ", await answer)}");
        return (answer, await opened.Task);
    }

    private static async Task<(string Id, string State)> ClosedAsync(EditorClient window)
    {
        var closed = await window.ClosedAsync();
        return (closed.Id, closed.State);
    }

    private static class EntryKindNames
    {
        public const string Admitted = nameof(Audit.EntryKind.ActionAdmitted);
        public const string Refused = nameof(Audit.EntryKind.ActionRefused);
    }
}
