using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace EditorBridge.Benchmarks;

/// <summary>YARP's forwarder as it comes: what passing a request on costs when nothing is looked at.</summary>
internal static class ForwarderProgram
{
    public static async Task<int> RunAsync(string upstream)
    {
        var app = Listener.Build(services => services.AddHttpForwarder());
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        using var client = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, UseCookies = false, ActivityHeadersPropagator = null });
        app.Run(async context => await forwarder.SendAsync(context, upstream, client));
        await Listener.RunAsync(app);
        return 0;
    }
}
