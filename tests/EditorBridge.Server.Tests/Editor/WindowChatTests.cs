using EditorBridge.Editor;
using EditorBridge.Ledger;
using EditorBridge.Review;
using EditorBridge.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using StreamJsonRpc;

namespace EditorBridge.Server.Tests.Editor;

/// <summary>The account's models in an editor's own chat: the whole host, its real control socket, a sandbox account.</summary>
public sealed class WindowChatTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Fact]
    public async Task Models_of_the_account_are_listed_with_what_they_can()
    {
        using var window = await WindowAsync();
        var models = (await window.AskAsync<ChatModelsResult>(EditorMethods.ChatModels)).Models;

        var claude = Assert.Single(models, model => model.Id == "claude-sonnet-4-5");
        Assert.Equal(("claude", true, true), (claude.Family, claude.Images, claude.Tools));
        Assert.InRange(claude.MaxInputTokens, 100_000, 200_000);
        Assert.Contains(models, model => !model.Id.StartsWith("claude", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Question_is_answered_in_parts_and_recorded_like_any_other()
    {
        using var window = await WindowAsync();
        var answer = await window.AskAsync<ChatAnswer>(EditorMethods.AskChat, Question("q1", "Say it.\nsandbox: [{\"text\":\"All is well.\"}]"));

        Assert.Equal("end_turn", answer.StopReason);
        Assert.True(answer.OutputTokens > 0);
        var said = "";
        while (said != "All is well.")
        {
            var part = await window.ChatPartAsync();
            Assert.Equal(("q1", "text"), (part.Id, part.Part.Kind));
            said += part.Part.Text;
            Assert.StartsWith(said, "All is well.", StringComparison.Ordinal);
        }

        // An answer does not wait for its outcome.
        await host.Services.GetRequiredService<LedgerWriter>().RunAloneAsync(_ => 0);
        using var reader = LedgerReader.Open(host.State.LedgerFolder);
        var spent = await reader.SpendAsync(DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, CancellationToken.None);
        Assert.Contains(spent, day => day.Actor == "agent:vscode-chat/0.1.0" && day.OutputTokens > 0);
    }

    [Fact]
    public async Task Tool_the_model_wants_is_told_only_after_its_review()
    {
        using var window = await WindowAsync();
        var asking = window.AskAsync<ChatAnswer>(EditorMethods.AskChat, Question(
            "q2", "sandbox: [{\"tool\":\"run_sql\",\"input\":{\"sql\":\"drop table raw.shop.orders\"}}]",
            new ChatToolView("run_sql", "Runs SQL.", """{"type":"object","properties":{"sql":{"type":"string"}}}""")));
        var item = await host.AnswerAsync(new Verdict(VerdictKind.Approve, "alice", "test", Reason: "checked", EditedText: null));
        Assert.Equal("agent:vscode-chat/0.1.0", item.Actor);

        Assert.Equal("tool_use", (await asking).StopReason);
        var part = await window.ChatPartAsync();
        while (part.Part.Kind != "toolUse") part = await window.ChatPartAsync();
        Assert.Equal(("run_sql", """{"sql":"drop table raw.shop.orders"}"""), (part.Part.Name, part.Part.Data));
    }

    [Fact]
    public async Task Question_about_a_model_nobody_offers_is_an_error_with_the_reason()
    {
        using var window = await WindowAsync();
        var error = await Assert.ThrowsAsync<RemoteInvocationException>(() => window.AskAsync<ChatAnswer>(EditorMethods.AskChat, Question("q3", "Hello") with { Model = "claude-nobody-9" }));
        Assert.Equal(EditorErrors.Refused, error.ErrorCode);
        Assert.Contains("model", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Tokens_of_a_text_are_estimated_here()
    {
        using var window = await WindowAsync();
        Assert.InRange((await window.AskAsync<CountResult>(EditorMethods.CountChat, new CountParams("claude-sonnet-4-5", "How many orders were there yesterday?"))).Tokens, 5, 15);
    }

    [Fact]
    public async Task Fixes_of_a_file_are_places_in_that_file()
    {
        using var window = await WindowAsync();
        const string Text = "select 1;\ndelete from raw.orders;\n";
        var fixes = (await window.AskAsync<FixesResult>(EditorMethods.Fixes, new FixParams("/project/clean.sql", Text, 12, 5))).Fixes;
        var edit = Assert.Single(fixes[0].Edits);
        Assert.Equal(("D2", Text.LastIndexOf(';'), 0), (fixes[0].RuleId, edit.Start, edit.Length));
    }

    private static ChatParams Question(string id, string text, params ChatToolView[] tools) =>
        new(id, "claude-sonnet-4-5", [new ChatMessageView("user", [new ChatContentView("text", text, null, null, null)])], tools, ToolRequired: false);

    private async Task<EditorClient> WindowAsync() => await HostWindows.OpenAsync(host.State);
}

/// <summary>Windows of a whole host, introduced.</summary>
internal static class HostWindows
{
    public static async Task<EditorClient> OpenAsync(StateFolder state)
    {
        var window = new EditorClient(await ControlChannel.ConnectAsync(state, CancellationToken.None));
        await window.AskAsync<InitializeResult>(EditorMethods.Initialize, new InitializeParams("vscode", "0.1.0", EditorMethods.ProtocolVersion, Environment.ProcessId, []));
        return window;
    }
}
