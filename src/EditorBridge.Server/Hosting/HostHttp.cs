using System.Net.Http.Headers;
using EditorBridge.Guard;
using EditorBridge.Snowflake;

namespace EditorBridge.Hosting;

/// <summary>
/// The one way by which our own programs ask the host: this machine only, no proxy of the environment, no redirect. The request carries a token, and a token must not travel.
/// </summary>
internal sealed class HostHttp : DelegatingHandler
{
    private HostHttp() : base(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false })
    {
    }

    /// <summary>Asks any address of this machine.</summary>
    public static HttpClient Client(TimeSpan patience) => new(new HostHttp()) { Timeout = patience };

    /// <summary>Asks one host with the token of one client.</summary>
    public static HttpClient Client(HostAddress host, StateFolder state, Client client, TimeSpan patience)
    {
        var http = Client(patience);
        http.BaseAddress = new Uri(host.Url);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ClientTokens.Of(state, client));
        return http;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var target = request.RequestUri!;
        return SnowflakeHosts.IsLoopback(target.Host) ? base.SendAsync(request, cancellationToken) : throw new EgressRefusedException(target, "a host of EditorBridge runs on this machine.");
    }
}
