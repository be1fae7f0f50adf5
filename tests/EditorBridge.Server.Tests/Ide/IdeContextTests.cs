using System.Text.Json.Nodes;
using EditorBridge.Editor;
using EditorBridge.Server.Tests.Editor;

namespace EditorBridge.Server.Tests.Ide;

public sealed class IdeContextTests
{
    [Fact]
    public async Task Selection_is_told_and_can_be_asked_for()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        await using var client = await IdeDoorTests.ClientAsync(await IdeDoorTests.OpenAsync(fixture, window));
        var file = fixture.Gate.FileIn("orders.sql");

        await window.TellAsync(EditorMethods.SelectionChanged, new SelectionParams(file, "amount", 2, 4, 2, 10));
        var told = await client.ToldAsync();
        Assert.Equal("selection_changed", told["method"]!.GetValue<string>());
        Assert.Equal(
            """{"start":{"line":2,"character":4},"end":{"line":2,"character":10},"isEmpty":false}""",
            told["params"]!["selection"]!.ToJsonString());
        Assert.Equal(("amount", file, "file://" + file), (told["params"]!["text"]!.GetValue<string>(), told["params"]!["filePath"]!.GetValue<string>(), told["params"]!["fileUrl"]!.GetValue<string>()));
        Assert.Equal("amount", Parse(await client.CallAsync("getLatestSelection", []))["text"]!.GetValue<string>());
    }

    [Fact]
    public async Task Selection_is_bounded()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        await using var client = await IdeDoorTests.ClientAsync(await IdeDoorTests.OpenAsync(fixture, window));

        await window.TellAsync(EditorMethods.SelectionChanged, new SelectionParams(fixture.Gate.FileIn("big.sql"), new string('x', 100_000), 0, 0, 0, 100_000));
        Assert.InRange((await client.ToldAsync())["params"]!["text"]!.GetValue<string>().Length, 8_000, 8_100);
    }

    [Fact]
    public async Task Nothing_is_shown_of_a_file_an_agent_may_not_read_unasked()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        var (secret, plain) = (fixture.Gate.FileIn(".env"), fixture.Gate.FileIn("orders.sql"));
        window.Editors = [new OpenEditorView(secret, "dotenv", Active: true, Dirty: false), new OpenEditorView(plain, "sql", Active: false, Dirty: true)];
        window.Problems = [Problem(secret), Problem(plain)];
        await using var client = await IdeDoorTests.ClientAsync(await IdeDoorTests.OpenAsync(fixture, window));

        await window.TellAsync(EditorMethods.SelectionChanged, new SelectionParams(secret, "TOKEN=hunter2", 0, 0, 0, 13));
        await window.TellAsync(EditorMethods.SelectionChanged, new SelectionParams(plain, "id", 0, 0, 0, 2));
        Assert.Equal("id", (await client.ToldAsync())["params"]!["text"]!.GetValue<string>());

        Assert.Equal("""{"tabs":[{"uri":"file://PLAIN","label":"orders.sql","languageId":"sql","isActive":false,"isDirty":true}]}""".Replace("PLAIN", plain, StringComparison.Ordinal), (await client.CallAsync("getOpenEditors", []))[0]);
        var file = Assert.Single(Parse(await client.CallAsync("getDiagnostics", [])).AsArray());
        Assert.Equal(("file://" + plain, "Error", "no such column"), (file!["uri"]!.GetValue<string>(), file["diagnostics"]![0]!["severity"]!.GetValue<string>(), file["diagnostics"]![0]!["message"]!.GetValue<string>()));
        Assert.Equal("[]", (await client.CallAsync("getDiagnostics", new JsonObject { ["uri"] = "file://" + secret }))[0]);
    }

    [Fact]
    public async Task Documents_are_asked_of_the_window_that_has_them()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        var plain = fixture.Gate.FileIn("orders.sql");
        await File.WriteAllTextAsync(plain, "select 1;\n");
        window.Editors = [new OpenEditorView(plain, "sql", Active: true, Dirty: true)];
        await using var client = await IdeDoorTests.ClientAsync(await IdeDoorTests.OpenAsync(fixture, window));

        Assert.True(Parse(await client.CallAsync("checkDocumentDirty", new JsonObject { ["filePath"] = plain }))["isDirty"]!.GetValue<bool>());
        Assert.True(Parse(await client.CallAsync("saveDocument", new JsonObject { ["filePath"] = plain }))["saved"]!.GetValue<bool>());
        Assert.False(Parse(await client.CallAsync("checkDocumentDirty", new JsonObject { ["filePath"] = fixture.Gate.FileIn("closed.sql") }))["success"]!.GetValue<bool>());
        Assert.Equal($"Opened file: {plain}", (await client.CallAsync("openFile", new JsonObject { ["filePath"] = plain, ["startText"] = "select" }))[0]);
        Assert.Equal(fixture.Gate.Workspace, Parse(await client.CallAsync("getWorkspaceFolders", []))["rootPath"]!.GetValue<string>().TrimEnd('/'));
    }

    [Fact]
    public async Task Mention_reaches_the_clients_prompt()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        await using var client = await IdeDoorTests.ClientAsync(await IdeDoorTests.OpenAsync(fixture, window));

        await window.TellAsync(EditorMethods.Mentioned, new MentionParams("/w/orders.sql", 1, 2));
        Assert.Equal("""{"filePath":"/w/orders.sql","lineStart":1,"lineEnd":2}""", (await client.ToldAsync())["params"]!.ToJsonString());
    }

    private static DiagnosticView Problem(string path) => new(path, "Error", "no such column", "sql", "42", 0, 0, 0, 1);

    private static JsonNode Parse(string[] answer) => JsonNode.Parse(answer[0])!;
}
