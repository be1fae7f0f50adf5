using System.Net;
using System.Net.Http.Headers;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Portal;

/// <summary>The whole portal on Kestrel at a free port, and a browser-like client for each person.</summary>
internal sealed class RunningPortal : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RunningPortal(WebApplication app) => _app = app;

    public Uri Url => new(PortalApplication.Url(_app));

    public static async Task<RunningPortal> StartAsync(SampleLedger ledger)
    {
        var app = PortalApplication.Build(new PortalOptions { State = ledger.State.Folder, Port = 0 }, ledger.State, ledger.Clock);
        await app.StartAsync();
        return new RunningPortal(app);
    }

    public string Code(string roles, string person = "ann") => _app.Services.GetRequiredService<SignInLinks>().Mint(person, roles);

    /// <summary>A client without a cookie. It follows no redirect: where one is sent is what the tests look at.</summary>
    public HttpClient Stranger()
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, CookieContainer = new CookieContainer() }) { BaseAddress = Url };
        client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("text/html"));
        return client;
    }

    /// <summary>A client that came in by a link.</summary>
    public async Task<HttpClient> SignedInAsync(string roles)
    {
        var client = Stranger();
        using var response = await client.GetAsync(new Uri($"{SignInFeature.SignInPath}?code={Code(roles)}", UriKind.Relative));
        response.EnsureSuccessStatusCode();
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
