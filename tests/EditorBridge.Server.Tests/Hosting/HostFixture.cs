using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Review;
using EditorBridge.Sandbox;
using EditorBridge.Server.Tests.Gate;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Server.Tests.Hosting;

/// <summary>The whole host on a free port, over a sandbox account of its own and a state folder of its own.</summary>
public sealed class HostFixture : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-host-");
    private SandboxServer? _account;
    private WebApplication? _host;

    internal StateFolder State { get; private set; } = null!;
    public Uri Address { get; private set; } = null!;
    internal ReviewDesk Desk => _host!.Services.GetRequiredService<ReviewDesk>();

    public async ValueTask InitializeAsync()
    {
        State = StateFolder.Open(Path.Combine(_folder.FullName, "state"));
        _account = await SandboxServer.StartAsync(new SandboxOptions(), CancellationToken.None);
        var token = Path.Combine(_folder.FullName, "pat");
        StateFolder.WritePrivate(token, _account.ProgrammaticAccessToken);
        _host = HostApplication.Build(new ServeOptions { Port = 0, State = State, Sandbox = _account.BaseAddress, TokenFile = token });
        await _host.StartAsync();
        Address = new Uri(State.ReadHost()!.Url);
    }

    internal HttpClient Client(Client? client)
    {
        var http = new HttpClient { BaseAddress = Address };
        if (client is { } known) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ClientTokens.Of(State, known));
        return http;
    }

    /// <summary>One call of an MCP tool, answered as JSON or as an event stream.</summary>
    internal async Task<JsonNode> McpAsync(string method, object parameters)
    {
        using var http = Client(Guard.Client.Mcp);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = Json(new { jsonrpc = "2.0", id = 1, method, @params = parameters }) };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var data = text.Split('\n').LastOrDefault(line => line.StartsWith("data: ", StringComparison.Ordinal))?[6..] ?? text;
        return JsonNode.Parse(data)!;
    }

    /// <summary>Waits for the next review and answers it.</summary>
    internal async Task<ReviewItem> AnswerAsync(Verdict verdict)
    {
        var opened = new SemaphoreSlim(0);
        void Signal(ReviewItem item) => opened.Release();
        Desk.Opened += Signal;
        while (Desk.Pending.IsEmpty) Assert.True(await opened.WaitAsync(TestLimits.Signal));
        Desk.Opened -= Signal;
        var item = Desk.Pending[0];
        await Desk.GiveAsync(item.Id, verdict);
        return item;
    }

    internal async Task<IReadOnlyList<Audit.AuditEntry>> EntriesAsync(string callId)
    {
        using var reader = LedgerReader.Open(State.LedgerFolder);
        return await reader.EntriesForCallAsync(callId, CancellationToken.None);
    }

    internal static StringContent Json(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        if (_account is not null) await _account.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
