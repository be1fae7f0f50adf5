using System.Net;
using System.Net.Http.Headers;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Guard;
using EditorBridge.Ledger;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EditorBridge.Server.Tests.Mcp.Trust;

/// <summary>What web pages, programs of other people and clients that lie can send to the gateway's own address.</summary>
public sealed class HostileRequestTests(HostFixture host) : IClassFixture<HostFixture>
{
    private const string Secret = "select 'nothing of this may run'";

    public static TheoryData<string, string> Foreign
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var origin in new[] { "http://evil.example", "null", "http://localhost:1", "http://127.0.0.1.evil.example", "https://[::1]:1", "https://127.0.0.1:{port}", "file://" }) data.Add("Origin", origin);
            foreach (var name in new[] { "evil.example:{port}", "localhost.:{port}", "LOCALHOST.evil.example:{port}", "2130706433:{port}", "0x7f000001:{port}", "127.1:{port}", "0.0.0.0:{port}", "127.0.0.1", "127.0.0.1:1" }) data.Add("Host", name);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Foreign))]
    public async Task Page_or_name_from_elsewhere_is_refused_with_the_right_token_too(string header, string value)
    {
        var before = await ActionsAsync();
        using var http = host.Client(Client.Mcp);
        using var request = Call();
        request.Headers.TryAddWithoutValidation(header, value.Replace("{port}", host.Address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal));
        using var response = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal(before, await ActionsAsync());
    }

    [Theory]
    [InlineData("?token=")]
    [InlineData("?access_token=")]
    [InlineData("?authorization=Bearer%20")]
    public async Task Token_in_an_address_opens_nothing(string query)
    {
        using var http = host.Client(null);
        using var request = Call();
        request.RequestUri = new Uri("/mcp" + query + ClientTokens.Of(host.State, Client.Mcp), UriKind.Relative);
        using var response = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    public async Task Body_that_a_page_can_send_without_asking_is_not_read(string type)
    {
        using var http = host.Client(Client.Mcp);
        using var request = Call();
        request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using var response = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Theory]
    [InlineData("""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"get_connection"}}""", "7")]
    [InlineData("""{"jsonrpc":"2.0","id":"seven","method":"tools/list"}""", "\"seven\"")]
    public async Task Request_without_a_session_is_told_how_to_begin_one(string body, string id)
    {
        using var http = host.Client(Client.Mcp);
        http.DefaultRequestHeaders.Add("Accept", "application/json, text/event-stream");
        using var response = await http.PostAsync("/mcp", new StringContent(body, Encoding.UTF8, "application/json"));
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal((id, -32000), (answer["id"]!.ToJsonString(), answer["error"]!["code"]!.GetValue<int>()));
        Assert.Contains("Begin with 'initialize'", answer["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("Nothing was run", answer["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Question_of_a_browser_whether_it_may_gets_no_leave()
    {
        using var http = host.Client(null);
        using var request = new HttpRequestMessage(HttpMethod.Options, "/mcp");
        request.Headers.Add("Origin", "http://evil.example");
        request.Headers.Add("Access-Control-Request-Method", "POST");
        using var response = await http.SendAsync(request);

        Assert.False(response.IsSuccessStatusCode);
        Assert.DoesNotContain(response.Headers, header => header.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Headers_without_measure_are_refused()
    {
        using var http = host.Client(Client.Mcp);
        using var request = Call();
        for (var i = 0; i < 200; i++) request.Headers.Add("x-filler-" + i, new string('x', 500));
        using var response = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, response.StatusCode);
    }

    [Fact]
    public async Task Body_without_measure_is_refused_before_it_is_read()
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(host.Address.Host, host.Address.Port);
        await using var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /mcp HTTP/1.1\r\nHost: {host.Address.Authority}\r\nAuthorization: Bearer {ClientTokens.Of(host.State, Client.Mcp)}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: 1000000000000\r\n\r\n{{"));
        using var lines = new StreamReader(stream);
        using var limit = new CancellationTokenSource(TestLimits.Signal);

        Assert.Contains(" 413 ", await lines.ReadLineAsync(limit.Token), StringComparison.Ordinal);
    }

    [Fact]
    public void Client_that_sends_a_byte_at_a_time_is_given_up()
    {
        var limits = host.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits;

        Assert.NotNull(limits.MinRequestBodyDataRate);
        Assert.InRange(limits.RequestHeadersTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Only_programs_of_this_machine_can_connect()
    {
        var listeners = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Where(listener => listener.Port == host.Address.Port).ToArray();

        Assert.NotEmpty(listeners);
        Assert.All(listeners, listener => Assert.True(IPAddress.IsLoopback(listener.Address), listener.ToString()));
    }

    [Theory]
    [InlineData("""[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"execute_sql","arguments":{"sql":"SQL"}}}]""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_tables","name":"execute_sql","arguments":{"sql":"SQL"},"_meta":META}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"execute_sql","arguments":{"sql":"select 1","sql":"SQL"},"_meta":META}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"execute_sql","arguments":{"sql":"SQL \ud800"},"_meta":META}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"execute_sql","arguments":{"sql":"SQL","limit":NaN},"_meta":META}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"execute_sql","arguments":{"sql":"SQL","__proto__":{"trusted":true}},"_meta":META}}""")]
    public async Task Message_with_two_readings_or_none_runs_nothing(string body)
    {
        using var http = host.Client(Client.Mcp);
        using var request = Call(body.Replace("SQL", Secret, StringComparison.Ordinal)
            .Replace("META", """{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}""", StringComparison.Ordinal));
        using var response = await http.SendAsync(request);
        var said = await response.Content.ReadAsStringAsync();

        if (body.Contains("select 1", StringComparison.Ordinal)) Assert.Contains("name a member twice", said, StringComparison.Ordinal);
        Assert.True(!response.IsSuccessStatusCode || said.Contains("\"error\"", StringComparison.Ordinal) || said.Contains("\"isError\":true", StringComparison.Ordinal), said);
        Assert.Empty(await host.ReceivedAsync("nothing of this may run"));
    }

    [Theory]
    [InlineData("Mcp-Name", "list_tables")]
    [InlineData("Mcp-Method", "tools/list")]
    public async Task Header_that_says_something_else_than_the_body_is_refused(string header, string value)
    {
        using var http = host.Client(Client.Mcp);
        using var request = Call();
        request.Headers.Remove(header);
        request.Headers.Add(header, value);
        using var response = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("-32020", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(await host.ReceivedAsync("nothing of this may run"));
    }

    /// <summary>2025-11-25 knows no such header, so there it says nothing: what the body names is what is judged, recorded and run.</summary>
    [Theory]
    [InlineData("Mcp-Name", "list_tables")]
    [InlineData("Mcp-Name", "nothing_of_the_kind")]
    [InlineData("Mcp-Method", "tools/list")]
    public async Task Header_of_a_later_revision_steers_nothing_in_a_session_of_an_earlier_one(string header, string value)
    {
        var sql = $"drop database header_{Guid.NewGuid():N}";
        using var client = await WireClient.OpenAsync(host, "old");
        var messages = await client.AskAsync("tools/call", new { name = "execute_sql", arguments = new { sql } }, CancellationToken.None, (header, value));

        Assert.True(messages[^1]["result"]!["isError"]!.GetValue<bool>(), messages[^1].ToJsonString());
        using var reader = LedgerReader.Open(host.State.LedgerFolder);
        var newest = (await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.ActionAdmitted, EntryKind.ActionRefused] }, null, 1, CancellationToken.None))[0].Draft;
        Assert.Equal((EntryKind.ActionRefused, "mcp__editorbridge__execute_sql"), (newest.Kind, newest.Tool));
        Assert.Contains("HEADER_", newest.Subject!, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(await host.ReceivedAsync(sql));
    }

    [Fact]
    public async Task Session_that_was_guessed_or_belongs_to_an_earlier_host_is_not_found()
    {
        using var http = host.Client(Client.Mcp);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = HostFixture.Json(new { jsonrpc = "2.0", id = 1, method = "tools/list", @params = new { } }) };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        request.Headers.Add("Mcp-Session-Id", Convert.ToHexStringLower(new byte[16]));
        request.Headers.Add("MCP-Protocol-Version", "2025-11-25");
        using var response = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Theory]
    [InlineData("old")]
    [InlineData("new")]
    public async Task Clients_that_use_the_same_ids_at_once_get_each_its_own_answer(string era)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            using var client = await WireClient.OpenAsync(host, era);
            var messages = await client.AskAsync("tools/call", new { name = "execute_sql", arguments = new { sql = $"select 'for client {i}' as word" } }, CancellationToken.None);
            return (i, Said: messages[^1].ToJsonString());
        }));

        Assert.All(answers, answer => Assert.Contains($"for client {answer.i}", answer.Said, StringComparison.Ordinal));
        Assert.All(answers, answer => Assert.DoesNotContain(answers, other => other.i != answer.i && answer.Said.Contains($"for client {other.i}", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Method_nobody_knows_is_an_error_and_no_action()
    {
        var before = await ActionsAsync();
        foreach (var method in new[] { "tools/execute", "sampling/createMessage", "roots/list", "elicitation/create" })
            Assert.Equal(-32601, (await host.McpAsync(method, new { }))["error"]!["code"]!.GetValue<int>());
        Assert.Equal(before, await ActionsAsync());
    }

    private static HttpRequestMessage Call() => McpRequests.Post("tools/call", new { name = "execute_sql", arguments = new { sql = Secret } });

    private static HttpRequestMessage Call(string body)
    {
        var request = Call();
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return request;
    }

    private async Task<int> ActionsAsync()
    {
        using var reader = LedgerReader.Open(host.State.LedgerFolder);
        return (await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.ActionAdmitted, EntryKind.ActionRefused] }, null, 500, CancellationToken.None)).Length;
    }
}
