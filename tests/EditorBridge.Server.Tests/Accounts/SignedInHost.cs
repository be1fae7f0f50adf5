using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Proxy;
using EditorBridge.Sandbox;
using EditorBridge.Server.Tests.Hosting;
using EditorBridge.Snowflake;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Server.Tests.Accounts;

/// <summary>A host that is signed in by a connection of our own connections file, the way a person's is, over a sandbox account.</summary>
internal sealed class SignedInHost : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-signed-in-");
    private WebApplication? _host;

    private SignedInHost(SandboxServer account)
    {
        Account = account;
        State = StateFolder.Open(Path.Combine(_folder.FullName, "state"));
    }

    public SandboxServer Account { get; }

    public StateFolder State { get; }

    public IServiceProvider Services => _host!.Services;

    /// <param name="lines">The connection's lines beyond the account's address, given the folder for its secrets.</param>
    /// <param name="prepare">Done before the host starts: register a key, sign in.</param>
    public static async Task<SignedInHost> StartAsync(
        string lines, Func<SignedInHost, Task>? prepare = null, SandboxOptions? account = null, Func<ServeOptions, ServeOptions>? change = null)
    {
        var host = new SignedInHost(await SandboxServer.StartAsync(account ?? new SandboxOptions(), CancellationToken.None));
        StateFolder.WritePrivate(host.State.In("connections.toml"), string.Create(CultureInfo.InvariantCulture,
            $"[dev]\naccount = \"SANDBOX\"\nhost = \"127.0.0.1\"\nport = {host.Account.BaseAddress.Port}\nprotocol = \"http\"\nrole = \"ANALYST\"\nuser = \"DEVELOPER\"\n{lines.Replace("FOLDER", host._folder.FullName, StringComparison.Ordinal)}\n"));
        if (prepare is not null) await prepare(host);
        var options = new ServeOptions { Port = 0, State = host.State, Account = "dev" };
        host._host = HostApplication.Build(change?.Invoke(options) ?? options);
        await host._host.StartAsync();
        return host;
    }

    /// <summary>The file of a secret the connection's lines name below FOLDER.</summary>
    public void Keep(string name, string secret) => StateFolder.WritePrivate(PathOf(name), secret);

    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>The connection as commands open it.</summary>
    public AccountConnection Open() => AccountConnection.Open(
        AccountChoice.Profile(State, "dev", sandbox: null, tokenFile: null), AccountChoice.Secrets(State), TimeProvider.System, NullLoggerFactory.Instance);

    /// <summary>Signs in by a browser that follows the redirect.</summary>
    public async Task SignInAsync()
    {
        using var connection = Open();
        await connection.SignIn().RunAsync(address => _ = BrowseAsync(address), CancellationToken.None);
    }

    public async Task AdministerAsync(string statement)
    {
        var profile = AccountChoice.Profile(State, "dev", sandbox: null, tokenFile: null) with { SignIn = SignInKind.ProgrammaticAccessToken, TokenFile = null, Token = new Secret(Account.AdminToken) };
        using var admin = AccountConnection.Open(profile, AccountChoice.Secrets(State), TimeProvider.System, NullLoggerFactory.Instance);
        Assert.IsType<SqlRows>(await admin.Sql().ExecuteAsync(new SqlStatement { Text = statement, RequestId = Guid.NewGuid() }, CancellationToken.None));
    }

    public async Task ControlAsync(object settings)
    {
        using var http = new HttpClient { BaseAddress = Account.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Account.AdminToken);
        using var response = await http.PostAsync("/_sandbox/control", HostFixture.Json(settings));
        response.EnsureSuccessStatusCode();
    }

    public HttpClient Client(Client client)
    {
        var http = new HttpClient { BaseAddress = new Uri(State.ReadHost()!.Url) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ClientTokens.Of(State, client));
        return http;
    }

    /// <summary>One request of an agent: the answer's status, its headers and what it says.</summary>
    public async Task<(int Status, HttpResponseHeaders Headers, string Text)> AskAsync(string prompt = "hello")
    {
        using var http = Client(Guard.Client.Claude);
        using var response = await http.PostAsync("/v1/messages", Message(prompt, stream: false));
        return ((int)response.StatusCode, response.Headers, await response.Content.ReadAsStringAsync());
    }

    public static StringContent Message(string prompt, bool stream) =>
        HostFixture.Json(new { model = "claude-sonnet-4-6", max_tokens = 400, stream, messages = new[] { new { role = "user", content = prompt } } });

    public static string ErrorOf(string text) => (string)JsonNode.Parse(text)!["error"]!["message"]!;

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            await _host.DisposeAsync();
        }

        await Account.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static async Task BrowseAsync(Uri address)
    {
        using var browser = new HttpClient();
        using var _ = await browser.GetAsync(address);
    }
}
