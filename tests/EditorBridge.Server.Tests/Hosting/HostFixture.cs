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
    private readonly Action<WebApplicationBuilder>? _configure;
    private readonly SandboxOptions _sandbox;
    private SandboxServer? _account;
    private WebApplication? _host;

    public HostFixture() : this(null)
    {
    }

    /// <param name="configure">Changes services before the host is built: another role, another clock.</param>
    internal HostFixture(Action<WebApplicationBuilder>? configure, SandboxOptions? sandbox = null)
    {
        _configure = configure;
        _sandbox = sandbox ?? new SandboxOptions();
    }

    internal StateFolder State { get; private set; } = null!;
    public Uri Address { get; private set; } = null!;
    internal SandboxServer Account => _account!;
    internal IServiceProvider Services => _host!.Services;
    internal HostRequests Requests => _host!.Services.GetRequiredService<HostRequests>();
    internal ReviewDesk Desk => _host!.Services.GetRequiredService<ReviewDesk>();

    public async ValueTask InitializeAsync()
    {
        State = StateFolder.Open(Path.Combine(_folder.FullName, "state"));
        _account = await SandboxServer.StartAsync(_sandbox, CancellationToken.None);
        StateFolder.WritePrivate(TokenFile, _account.ProgrammaticAccessToken);
        await StartHostAsync(options => options);
    }

    private string TokenFile => Path.Combine(_folder.FullName, "pat");

    /// <summary>The host ends and the next one starts on the same folder, perhaps with other options.</summary>
    internal async Task RestartAsync(Func<ServeOptions, ServeOptions>? change = null)
    {
        await _host!.StopAsync();
        await _host.DisposeAsync();
        await StartHostAsync(change ?? (options => options));
    }

    private async Task StartHostAsync(Func<ServeOptions, ServeOptions> change)
    {
        _host = HostApplication.Build(change(new ServeOptions { Port = 0, State = State, Sandbox = _account!.BaseAddress, TokenFile = TokenFile }), configure: _configure);
        await _host.StartAsync();
        Address = new Uri(State.ReadHost()!.Url);
    }

    /// <summary>What reached the account with this text in it, oldest first.</summary>
    internal async Task<IReadOnlyList<JsonNode>> ReceivedAsync(string text)
    {
        using var http = new HttpClient { BaseAddress = _account!.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _account.ProgrammaticAccessToken);
        var received = JsonNode.Parse(await http.GetStringAsync("/_sandbox/requests"))!.AsArray();
        return [.. received.OfType<JsonNode>().Where(request => request["body"]?.GetValue<string>().Contains(text, StringComparison.Ordinal) == true)];
    }

    /// <summary>Sets what no request can name by itself: failures, foreign usage, a policy of the network.</summary>
    internal async Task ControlAsync(object settings)
    {
        using var http = new HttpClient { BaseAddress = _account!.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _account.ProgrammaticAccessToken);
        using var response = await http.PostAsync("/_sandbox/control", Json(settings));
        response.EnsureSuccessStatusCode();
    }

    /// <summary>A statement of the account's administrator.</summary>
    internal async Task AdministerAsync(string sql)
    {
        using var http = new HttpClient { BaseAddress = _account!.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _account.AdminToken);
        http.DefaultRequestHeaders.UserAgent.ParseAdd("administrator/1.0");
        using var response = await http.PostAsync("/api/v2/statements", Json(new { statement = sql }));
        response.EnsureSuccessStatusCode();
    }

    internal HttpClient Client(Client? client)
    {
        var http = new HttpClient { BaseAddress = Address };
        if (client is { } known) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ClientTokens.Of(State, known));
        return http;
    }

    /// <summary>One call of an MCP tool, answered as JSON or as an event stream.</summary>
    internal async Task<JsonNode> McpAsync(string method, object parameters, CancellationToken cancellationToken = default, params (string Name, string Value)[] headers)
    {
        using var http = Client(Guard.Client.Mcp);
        foreach (var (name, value) in headers) http.DefaultRequestHeaders.Add(name, value);
        using var request = McpRequests.Post(method, parameters);
        using var response = await http.SendAsync(request, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
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

    /// <summary>Waits for a review.</summary>
    internal async Task<ReviewItem> OpenedAsync(Func<ReviewItem, bool> wanted)
    {
        var desk = Desk;
        var opened = new SemaphoreSlim(0);
        void Signal(ReviewItem item) => opened.Release();
        desk.Opened += Signal;
        try
        {
            while (true)
            {
                if (desk.Pending.FirstOrDefault(wanted) is { } item) return item;
                Assert.True(await opened.WaitAsync(TestLimits.Signal));
            }
        }
        finally
        {
            desk.Opened -= Signal;
        }
    }

    internal async Task<IReadOnlyList<Audit.AuditEntry>> EntriesAsync(string callId)
    {
        // An answer does not wait for its outcome, which was handed to the ledger before the answer's end left: after this it is on the disk.
        await _host!.Services.GetRequiredService<LedgerWriter>().RunAloneAsync(_ => 0);
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
