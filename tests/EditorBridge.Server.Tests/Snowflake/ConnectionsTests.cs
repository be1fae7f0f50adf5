using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Reflection;
using EditorBridge.Audit;
using EditorBridge.Editor;
using EditorBridge.Hosting;
using EditorBridge.Ide;
using EditorBridge.Launching;
using EditorBridge.Ledger;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Repository;
using EditorBridge.Setup;
using EditorBridge.Telemetry;
using ModelContextProtocol.Client;

namespace EditorBridge.Snowflake;

/// <summary>
/// Where a connection can begin. The places are found in the compiled code: whatever makes a handler, a client or a socket there is listed here with what keeps it in bounds, and
/// anything new fails until somebody has said why it may.
/// </summary>
public sealed class ConnectionsTests
{
    private static readonly Assembly[] Ours = [typeof(AuditEntry).Assembly, typeof(LedgerWriter).Assembly, typeof(CortexClient).Assembly, typeof(HostHttp).Assembly];

    private static readonly Type[] Handlers = [typeof(SocketsHttpHandler), typeof(HttpClientHandler)];

    private static readonly Type[] Connections =
        [.. Handlers, typeof(Socket), typeof(TcpClient), typeof(UdpClient), typeof(ClientWebSocket), typeof(Ping), typeof(System.Net.Mail.SmtpClient), typeof(HttpClientTransport), typeof(System.IO.Pipes.NamedPipeClientStream)];

    private static readonly (Type Maker, Type Made, string Why)[] Known =
    [
        (typeof(EgressHandler), typeof(SocketsHttpHandler), "the one handler that leaves this machine; it is only used inside an EgressHandler, which knows the origins"),
        (typeof(HostHttp), typeof(SocketsHttpHandler), "refuses every address but this machine's"),
        (typeof(UpstreamHttpConnection), typeof(HttpClientTransport), "over UpstreamHttp, whose inner handler is an EgressHandler for the configured server"),
        (typeof(UpstreamSignInFlow), typeof(HttpClientTransport), "over UpstreamHttp, which lets a sign-in reach https addresses only"),
        (typeof(ClientProof), typeof(Socket), "bound and never connected: a port on this machine that refuses"),
        (typeof(EgressTunnel), typeof(Socket), "a launched agent's tunnel, after policy and ledger, never to this machine"),
        (typeof(ControlChannel), typeof(Socket), "the host's own 0600 socket"),
        (typeof(ControlChannel), typeof(System.IO.Pipes.NamedPipeClientStream), "the host's own pipe, of the same user"),
    ];

    [Fact]
    public void Connections_begin_only_in_the_known_places() => Assert.Equal(
        Known.Select(place => $"{place.Maker.Name} makes {place.Made.Name}").Order(),
        Constructions(Connections).Select(made => $"{Outermost(made.Maker).Name} makes {made.Made.Name}").Distinct().Order());

    [Fact]
    public void Raw_handler_is_only_taken_into_an_egress_handler()
    {
        var sockets = typeof(EgressHandler).GetMethod(nameof(EgressHandler.Sockets))!;
        var takers = Methods().Where(method => TypeUses.MembersInCode(method).Contains(sockets)).ToArray();

        Assert.Equal([nameof(AccountConnection), nameof(TelemetryFeature), nameof(UpstreamHttp)], takers.Select(method => Outermost(method.DeclaringType!).Name).Order());
        Assert.All(takers, method => Assert.Contains(TypeUses.MembersInCode(method), member => member is ConstructorInfo made && made.DeclaringType == typeof(EgressHandler)));
    }

    [Fact]
    public void Client_is_never_made_without_saying_which_handler_it_uses() => Assert.DoesNotContain(
        Constructions([typeof(HttpClient)]), made => made.Constructor.GetParameters().Length == 0);

    [Fact]
    public void Raw_handler_follows_no_redirect_and_takes_no_proxy_of_the_environment()
    {
        using var handler = EgressHandler.Sockets();
        Assert.False(handler.AllowAutoRedirect || handler.UseProxy || handler.UseCookies);
        Assert.Null(handler.Credentials);
    }

    [Fact]
    public async Task Client_for_our_own_host_refuses_any_other_machine()
    {
        using var http = HostHttp.Client(TimeSpan.FromSeconds(30));
        var refused = await Assert.ThrowsAsync<EgressRefusedException>(() => http.GetAsync(new Uri("http://host.example.com/health")));
        Assert.Contains("Nothing was sent", refused.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<(Type Maker, Type Made, ConstructorInfo Constructor)> Constructions(Type[] wanted) =>
        from method in Methods()
        from constructor in TypeUses.MembersInCode(method).OfType<ConstructorInfo>()
        where wanted.Contains(constructor.DeclaringType)
        select (method.DeclaringType!, constructor.DeclaringType!, constructor);

    private static IEnumerable<MethodBase> Methods()
    {
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        return Ours.SelectMany(assembly => assembly.GetTypes()).SelectMany(type => type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)));
    }

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;
}
