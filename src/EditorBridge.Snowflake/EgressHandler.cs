namespace EditorBridge.Snowflake;

/// <summary>A request to a target that is not allowed. Nothing was sent.</summary>
public sealed class EgressRefusedException(Uri target, string reason)
    : HttpRequestException($"The connection to {target.GetLeftPart(UriPartial.Authority)} was refused: {reason} Nothing was sent.")
{
    public Uri Target { get; } = target;
}

/// <summary>
/// The one handler through which every outgoing connection goes. Only the given origins are reached, and a redirect is never
/// followed: it would carry the credential to a host nobody checked.
/// </summary>
public sealed class EgressHandler : DelegatingHandler
{
    private readonly Func<Uri, bool> _allows;
    private readonly Action<Uri, string>? _refused;

    /// <param name="origins">Scheme, host and port that may be reached.</param>
    /// <param name="refused">Told of every refusal: the target without its query, and the reason.</param>
    public EgressHandler(HttpMessageHandler inner, IEnumerable<Uri> origins, Action<Uri, string>? refused = null) : this(inner, Among(origins), refused)
    {
    }

    /// <param name="allows">Whether an address may be reached, for ways that lead from address to address.</param>
    public EgressHandler(HttpMessageHandler inner, Func<Uri, bool> allows, Action<Uri, string>? refused = null) : base(inner) => (_allows, _refused) = (allows, refused);

    /// <summary>The real handler: no redirects, no proxy but the one named, no cookies, no decompression, no ambient credentials.</summary>
    /// <param name="proxy">A proxy the configuration names; the environment's proxies are not used, for they could read every request.</param>
    public static SocketsHttpHandler Sockets(Uri? proxy = null) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = proxy is not null,
        Proxy = proxy is null ? null : new System.Net.WebProxy(proxy),
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(15),
        // Shorter than the idle limits of load balancers, so that a request seldom meets a dead connection.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(50),
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        MaxConnectionsPerServer = int.MaxValue,
        ActivityHeadersPropagator = null,
    };

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Check(request);
        return base.SendAsync(request, cancellationToken);
    }

    /// <summary>Exporters of telemetry send from a thread of their own, without awaiting.</summary>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Check(request);
        return base.Send(request, cancellationToken);
    }

    private void Check(HttpRequestMessage request)
    {
        var target = request.RequestUri ?? throw new InvalidOperationException("A request without an address.");
        if (_allows(target)) return;
        const string Reason = "it is neither the configured Snowflake account nor a configured upstream.";
        _refused?.Invoke(new Uri(target.GetLeftPart(UriPartial.Path)), Reason);
        throw new EgressRefusedException(target, Reason);
    }

    private static Func<Uri, bool> Among(IEnumerable<Uri> origins)
    {
        var known = origins.Select(Origin).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return target => known.Contains(Origin(target));
    }

    private static string Origin(Uri address) => $"{address.Scheme}://{address.Host}:{address.Port}";
}
