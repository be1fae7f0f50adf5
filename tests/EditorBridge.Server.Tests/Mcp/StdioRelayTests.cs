using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Mcp;
using EditorBridge.Mcp.Stdio;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Server.Tests.Mcp;

/// <summary>The stdio server between a real client of the SDK and a real host.</summary>
public sealed class StdioRelayTests(HostFixture host) : IClassFixture<HostFixture>
{
    private const string ModernMeta = ""","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}""";

    [Theory]
    [InlineData("2025-11-25")]
    [InlineData("2026-07-28")]
    public async Task Client_of_either_protocol_lists_and_calls(string version)
    {
        await using var relay = new RunningRelay(host.State);
        await using var client = await relay.ConnectAsync(version);
        var tools = await client.ListToolsAsync();
        var answer = await client.CallToolAsync("get_connection");

        Assert.Equal(version, client.NegotiatedProtocolVersion);
        Assert.Contains(tools, tool => tool.Name == "execute_sql");
        Assert.Contains("DEVELOPER", answer.StructuredContent!.Value.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2025-11-25")]
    [InlineData("2026-07-28")]
    public async Task Client_lives_on_when_the_host_is_a_new_one(string version)
    {
        await using var relay = new RunningRelay(host.State);
        await using var client = await relay.ConnectAsync(version);
        await client.CallToolAsync("get_connection");
        await host.RestartAsync();

        Assert.Contains("DEVELOPER", (await client.CallToolAsync("get_connection")).StructuredContent!.Value.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Result_is_saved_in_the_folder_the_server_was_started_in()
    {
        await using var relay = new RunningRelay(host.State);
        await using var client = await relay.ConnectAsync();
        var saved = await client.CallToolAsync("execute_sql", Arguments("sql", "select 1 as one", "save_to", "one.csv"));

        Assert.True(saved.IsError is not true, string.Join(' ', saved.Content.OfType<TextContentBlock>().Select(t => t.Text)));
        Assert.Equal("ONE\n1\n", await File.ReadAllTextAsync(Path.Combine(relay.Workspace, "one.csv")));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("", true)]
    [InlineData(ModernMeta, false)]
    [InlineData(ModernMeta, true)]
    public async Task Call_that_is_taken_back_or_whose_client_ends_stops_its_statement(string meta, bool ends)
    {
        await using var relay = new RunningRelay(host.State);
        if (meta.Length == 0)
        {
            await relay.SendAsync("""{"jsonrpc":"2.0","id":"begin","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""");
            await relay.ReadAsync();
            await relay.SendAsync("""{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        }

        await relay.SendAsync($$$"""{"jsonrpc":"2.0","id":"long","method":"tools/call","params":{"name":"execute_sql","arguments":{"sql":"select system$wait(62)"}{{{meta}}}}}""");
        var item = await host.AnswerAsync(GateFixture.Approve());
        var running = "";
        for (var id = 0; !running.Contains(item.CallId, StringComparison.Ordinal); id++)
        {
            await relay.SendAsync($$$"""{"jsonrpc":"2.0","id":{{{id}}},"method":"tools/call","params":{"name":"list_statements","arguments":{}{{{meta}}}}}""");
            running = (await relay.ReadAsync()).ToJsonString();
        }

        if (ends) await relay.CloseInputAsync();
        else await relay.SendAsync("""{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"long"}}""");
        using var patience = new CancellationTokenSource(TestLimits.Signal);
        string? outcome = null;
        while (outcome is null)
        {
            patience.Token.ThrowIfCancellationRequested();
            outcome = (await host.EntriesAsync(item.CallId)).LastOrDefault(e => e.Draft.Kind == EntryKind.ActionOutcome)?.Draft.Result;
        }

        Assert.Equal("cancelled", outcome);
    }

    [Fact]
    public async Task Line_that_is_no_message_is_answered_and_the_next_one_is_carried()
    {
        await using var relay = new RunningRelay(host.State);
        await relay.SendAsync("this is not JSON");
        Assert.Equal(-32700, (await relay.ReadAsync())["error"]!["code"]!.GetValue<int>());
        await relay.SendAsync("[]");
        Assert.Equal(-32700, (await relay.ReadAsync())["error"]!["code"]!.GetValue<int>());
        await relay.SendAsync("""{"jsonrpc":"2.0","id":"q","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""");
        var answer = await relay.ReadAsync();
        Assert.Equal(("q", "editorbridge"), (answer["id"]!.GetValue<string>(), answer["result"]!["serverInfo"]!["name"]!.GetValue<string>()));
        await relay.SendAsync("""{"jsonrpc":"2.0","id":2,"method":"no/such","params":{}}""");
        Assert.Equal(-32601, (await relay.ReadAsync())["error"]!["code"]!.GetValue<int>());
    }

    [Fact]
    public async Task End_of_input_ends_it_and_answers_what_was_asked_before()
    {
        await using var relay = new RunningRelay(host.State);
        await relay.SendAsync("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}""");
        await relay.CloseInputAsync();

        Assert.NotEmpty((await relay.ReadAsync())["result"]!["tools"]!.AsArray());
        await relay.Ended.WaitAsync(TestLimits.Signal);
    }

    [Theory]
    [InlineData("get_x", "get_x")]
    [InlineData("größe", "=?base64?Z3LDtsOfZQ==?=")]
    [InlineData(" a", "=?base64?IGE=?=")]
    [InlineData("", "=?base64??=")]
    public void Header_value_is_plain_or_base64(string value, string expected) => Assert.Equal(expected, RelayedMessage.HeaderValue(value));

    [Fact]
    public void Arguments_go_into_the_headers_a_tool_wants()
    {
        var parameters = new ParameterHeaders();
        parameters.Learn(Encoding.UTF8.GetBytes("""{"result":{"tools":[{"name":"t","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"n":{"type":"integer","x-mcp-header":"N"},"other":{"type":"string"}}}}]}}"""));
        var message = RelayedMessage.Read(Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"region":"eu","n":3,"other":"x"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"""), parameters)!;

        Assert.Equal(
            [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "t"), ("Mcp-Param-Region", "eu"), ("Mcp-Param-N", "3")], message.Headers);
    }

    private static Dictionary<string, object?> Arguments(params string[] pairs) =>
        pairs.Chunk(2).ToDictionary(pair => pair[0], pair => (object?)pair[1]);

    private sealed class RunningRelay : IAsyncDisposable
    {
        private readonly Pipe _input = new();
        private readonly Pipe _output = new();
        private readonly StdioRelay _relay;
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-stdio-");
        private StreamReader? _reader;

        public RunningRelay(StateFolder state)
        {
            _relay = new StdioRelay(state, Workspace, TimeProvider.System, NullLogger.Instance);
            Ended = _relay.RunAsync(_input.Reader.AsStream(), _output.Writer.AsStream(), CancellationToken.None);
        }

        public string Workspace => _folder.FullName;
        public Task Ended { get; }

        public Task<McpClient> ConnectAsync(string? version = null) => McpClient.CreateAsync(
            new StreamClientTransport(_input.Writer.AsStream(), _output.Reader.AsStream()), new McpClientOptions { ProtocolVersion = version });

        public async Task SendAsync(string line)
        {
            await _input.Writer.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));
        }

        public async Task<JsonNode> ReadAsync()
        {
            _reader ??= new StreamReader(_output.Reader.AsStream());
            return JsonNode.Parse((await _reader.ReadLineAsync(new CancellationTokenSource(TestLimits.Signal).Token))!)!;
        }

        public async Task CloseInputAsync() => await _input.Writer.CompleteAsync();

        public async ValueTask DisposeAsync()
        {
            await _input.Writer.CompleteAsync();
            await Ended.WaitAsync(TestLimits.Signal);
            _relay.Dispose();
            _folder.Delete(recursive: true);
        }
    }
}
