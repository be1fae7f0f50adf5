using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Guard;
using EditorBridge.Review;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;

namespace EditorBridge.Server.Tests.Proxy;

/// <summary>An answer whose client went away while a person was asked: the same question gets the same answer, and nothing is generated twice.</summary>
public sealed class HeldAnswerTests(HostFixture host) : IClassFixture<HostFixture>
{
    /// <summary>First asked as a stream or whole, then again as a stream or whole, with or without a session, with or without a restart in between.</summary>
    [Theory]
    [InlineData(false, false, true, false)]
    [InlineData(false, false, false, false)]
    [InlineData(true, false, true, false)]
    [InlineData(false, true, true, false)]
    [InlineData(true, true, true, false)]
    [InlineData(true, false, true, true)]
    [InlineData(false, false, true, true)]
    public async Task Question_asked_again_gets_the_answer_that_waits(bool streamFirst, bool streamThen, bool session, bool restart)
    {
        var question = new Question(session);
        var item = await AbandonAsync(question.Body(streamFirst, maxTokens: 4000), question.Session);
        if (restart) await host.RestartAsync();

        var asking = PostAsync(question.Body(streamThen, maxTokens: 2000), question.Session);
        await host.Desk.GiveAsync(item.Id, GateFixture.Approve());
        using var response = await asking;
        var text = await response.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains(question.ToolUseId, text, StringComparison.Ordinal);
        Assert.Equal(streamThen, text.StartsWith("event: message_start", StringComparison.Ordinal));
        Assert.Single(await host.ReceivedAsync(question.Marker));
        Assert.DoesNotContain(host.Desk.Pending, pending => pending.InputDigest == item.InputDigest);
        Assert.Empty(Files(question));
    }

    [Fact]
    public async Task Answer_given_again_is_recorded_as_a_repetition_without_counting_its_tokens_twice()
    {
        var question = new Question(withSession: true);
        var item = await AbandonAsync(question.Body(stream: false), question.Session);
        var asking = PostAsync(question.Body(stream: false), question.Session);
        await host.Desk.GiveAsync(item.Id, GateFixture.Approve());
        using var response = await asking;
        var first = response.Headers.GetValues("x-editorbridge-repeat-of").Single();

        var outcomes = new[] { await EntryAsync(first, EntryKind.MessageOutcome), await EntryAsync(response.Headers.GetValues("request-id").Single(), EntryKind.MessageOutcome) };
        Assert.Equal(["client_gone", "done"], outcomes.Select(entry => entry.Draft.Result));
        Assert.True(outcomes[0].Draft.Facts!["outputTokens"]!.GetValue<long>() > 0);
        Assert.Null(outcomes[1].Draft.Facts!["outputTokens"]);
        Assert.Equal(first, outcomes[1].Draft.Facts!["repeatOf"]!.GetValue<string>());
    }

    [Fact]
    public async Task Impatient_client_is_told_to_ask_again_before_it_gives_up_and_then_has_its_answer()
    {
        var question = new Question(withSession: false);
        using var told = await PostAsync(question.Body(stream: false), null, ("x-stainless-timeout", "2"));
        Assert.Equal((HttpStatusCode)429, told.StatusCode);
        Assert.Equal("true", told.Headers.GetValues("x-should-retry").Single());
        Assert.Equal(TimeSpan.FromSeconds(15), told.Headers.RetryAfter!.Delta);

        var item = Assert.Single(host.Desk.Pending, pending => pending.ToolUseId == question.ToolUseId);
        await host.Desk.GiveAsync(item.Id, GateFixture.Approve());
        using var answered = await PostAsync(question.Body(stream: false), null, ("x-stainless-timeout", "2"), ("x-stainless-retry-count", "1"));

        Assert.Contains(question.ToolUseId, await answered.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Single(await host.ReceivedAsync(question.Marker));
    }

    [Fact]
    public async Task Review_whose_client_went_away_can_still_be_answered_and_its_rejection_reaches_the_repetition()
    {
        var question = new Question(withSession: true);
        var item = await AbandonAsync(question.Body(stream: true), question.Session);
        var outcome = await host.Desk.GiveAsync(item.Id, GateFixture.Reject("not while you were gone"));
        Assert.Equal(VerdictResult.Accepted, outcome.Result);

        using var response = await PostAsync(question.Body(stream: false), question.Session);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        Assert.Equal("end_turn", answer["stop_reason"]!.GetValue<string>());
        Assert.Contains("not while you were gone", answer.ToJsonString(), StringComparison.Ordinal);
        Assert.Single(await host.ReceivedAsync(question.Marker));
    }

    /// <summary>Whichever the host sees first, the end of the connection or the verdict.</summary>
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Verdict_given_in_the_moment_the_client_leaves_reaches_the_repetition(bool stream, bool session)
    {
        for (var round = 0; round < 10; round++)
        {
            var question = new Question(session);
            var client = await ConnectAndAskAsync(question.Body(stream), question.Session);
            var item = await OpenedAsync(question);
            client.Close();
            await host.Desk.GiveAsync(item.Id, GateFixture.Approve());

            using var response = await PostAsync(question.Body(stream), question.Session);
            Assert.Contains(question.ToolUseId, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Single(await host.ReceivedAsync(question.Marker));
        }
    }

    [Fact]
    public async Task Approval_kept_for_a_client_that_left_does_not_release_what_changed_meanwhile()
    {
        var folder = Directory.CreateTempSubdirectory("editorbridge-held-");
        try
        {
            var question = new Question(withSession: false) { Folder = folder.FullName };
            File.WriteAllText(Path.Combine(folder.FullName, question.Marker + ".sql"), "select 1;");
            var client = await ConnectAndAskAsync(question.Body(stream: false), question.Session);
            var first = await OpenedAsync(question);
            client.Close();
            await host.Desk.GiveAsync(first.Id, GateFixture.Approve());
            File.WriteAllText(Path.Combine(folder.FullName, question.Marker + ".sql"), "select 2;");

            var asking = PostAsync(question.Body(stream: false), question.Session);
            var second = await OpenedOrAnsweredAsync(question, first, asking);
            if (second is not null) await host.Desk.GiveAsync(second.Id, GateFixture.Reject("read it again"));
            using var response = await asking;
            Assert.DoesNotContain(question.ToolUseId, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Answer_that_was_delivered_is_asked_anew()
    {
        var question = new Question(withSession: false);
        for (var i = 0; i < 2; i++)
        {
            var asking = PostAsync(question.Body(stream: false), question.Session);
            await host.Desk.GiveAsync((await OpenedAsync(question)).Id, GateFixture.Reject("no"));
            using var response = await asking;
        }

        Assert.Equal(2, (await host.ReceivedAsync(question.Marker)).Count);
    }

    [Theory]
    [InlineData("another session", "same")]
    [InlineData("same", "another prompt")]
    public async Task Other_question_or_other_session_does_not_get_it(string session, string prompt)
    {
        var question = new Question(withSession: true);
        var item = await AbandonAsync(question.Body(stream: false), question.Session);
        var body = question.Body(stream: false);
        if (prompt != "same") body["messages"]![0]!["content"] = body["messages"]![0]!["content"]!.GetValue<string>() + "\n" + prompt;

        var asking = PostAsync(body, session == "same" ? question.Session : session);
        var again = session == "same" ? item : await OpenedAsync(question, besides: item);
        await host.Desk.GiveAsync(again.Id, GateFixture.Reject("no"));
        using var response = await asking;

        Assert.False(response.Headers.Contains("x-editorbridge-repeat-of"));
        Assert.Equal(2, (await host.ReceivedAsync(question.Marker)).Count);
    }

    [Fact]
    public async Task Answer_with_a_secret_in_it_is_never_written_to_the_disk()
    {
        var question = new Question(withSession: true) { Text = "drop table raw.orders; -- password = 'hunter2-correct-horse'" };
        var item = await AbandonAsync(question.Body(stream: false), question.Session);
        Assert.Empty(Files(question));

        var asking = PostAsync(question.Body(stream: false), question.Session);
        await host.Desk.GiveAsync(item.Id, GateFixture.Approve());
        using var response = await asking;
        Assert.Contains("hunter2-correct-horse", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Single(await host.ReceivedAsync(question.Marker));
    }

    [Fact]
    public async Task File_of_a_held_answer_is_the_persons_alone()
    {
        var question = new Question(withSession: true);
        var item = await AbandonAsync(question.Body(stream: false), question.Session);
        await host.RestartAsync();
        var file = Assert.Single(Files(question));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(file)!));
        }

        var asking = PostAsync(question.Body(stream: false), question.Session);
        await host.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        using var response = await asking;
    }

    private IEnumerable<string> Files(Question question) => Directory.Exists(host.State.In("held"))
        ? Directory.EnumerateFiles(host.State.In("held")).Where(file => File.ReadAllText(file).Contains(question.ToolUseId, StringComparison.Ordinal))
        : [];

    private async Task<AuditEntry> EntryAsync(string callId, EntryKind kind) => (await host.EntriesAsync(callId)).Single(entry => entry.Draft.Kind == kind);

    /// <summary>Asks, waits until a person is asked, and hangs up.</summary>
    private async Task<ReviewItem> AbandonAsync(JsonObject body, string? session)
    {
        using var leaving = new CancellationTokenSource();
        var (before, underWay) = (host.Desk.Pending, host.Requests.UnderWay);
        var asking = PostAsync(body, session, leaving.Token);
        var item = await host.OpenedAsync(review => before.All(known => known.Id != review.Id));
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await (await asking).Content.ReadAsStringAsync(leaving.Token));
        // The host must have noticed: a verdict that comes before would still be sent to the client that left.
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while (host.Requests.UnderWay > underWay)
        {
            Assert.True(waited.Elapsed < TestLimits.Signal, "The host goes on serving a client that left.");
            await Task.Yield();
        }

        return item;
    }

    /// <summary>Asks over a bare connection, which a test can close without anybody's help.</summary>
    private async Task<TcpClient> ConnectAndAskAsync(JsonObject body, string? session)
    {
        var client = new TcpClient();
        await client.ConnectAsync(host.Address.Host, host.Address.Port);
        var bytes = Encoding.UTF8.GetBytes(body.ToJsonString());
        var head = $"POST /v1/messages?beta=true HTTP/1.1\r\nHost: {host.Address.Authority}\r\nAuthorization: Bearer {ClientTokens.Of(host.State, Client.Claude)}\r\n"
            + (session is null ? "" : $"x-claude-code-session-id: {session}\r\n") + $"Content-Type: application/json\r\nContent-Length: {bytes.Length}\r\n\r\n";
        await client.GetStream().WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. bytes]);
        return client;
    }

    /// <summary>The question that is asked besides one, or null when the client was answered without one.</summary>
    private async Task<ReviewItem?> OpenedOrAnsweredAsync(Question question, ReviewItem besides, Task answered)
    {
        var opened = OpenedAsync(question, besides);
        return await Task.WhenAny(opened, answered) == opened ? await opened : null;
    }

    private Task<ReviewItem> OpenedAsync(Question question, ReviewItem? besides = null) => host.OpenedAsync(review => review.ToolUseId == question.ToolUseId && review.Id != besides?.Id);

    private Task<HttpResponseMessage> PostAsync(JsonObject body, string? session, params (string Name, string Value)[] headers) => PostAsync(body, session, CancellationToken.None, headers);

    private async Task<HttpResponseMessage> PostAsync(JsonObject body, string? session, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        using var http = host.Client(Client.Claude);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages?beta=true") { Content = HostFixture.Json(body) };
        if (session is not null) request.Headers.Add("x-claude-code-session-id", session);
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        return await http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
    }

    /// <summary>A question of its own, whose answer is one call that a person must see.</summary>
    private sealed class Question(bool withSession)
    {
        public string Marker { get; } = "question-" + Guid.NewGuid().ToString("N");
        public string ToolUseId { get; } = "toolu_" + Guid.NewGuid().ToString("N")[..20];
        public string? Session { get; } = withSession ? Guid.NewGuid().ToString() : null;
        public string Text { get; init; } = "drop table raw.orders;";
        public string Folder { get; init; } = "/nowhere";

        public JsonObject Body(bool stream, int maxTokens = 4000)
        {
            var turn = new JsonObject { ["tool"] = "Write", ["id"] = ToolUseId, ["input"] = new JsonObject { ["file_path"] = $"{Folder}/{Marker}.sql", ["content"] = Text } };
            return new JsonObject
            {
                ["model"] = "claude-sonnet-4-6",
                ["max_tokens"] = maxTokens,
                ["stream"] = stream,
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = $"{Marker}\nsandbox: {new JsonArray(turn).ToJsonString()}" }),
                ["tools"] = new JsonArray(new JsonObject { ["name"] = "Write", ["input_schema"] = new JsonObject { ["type"] = "object" } }),
            };
        }
    }
}
