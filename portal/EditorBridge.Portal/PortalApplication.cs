using System.Globalization;
using System.Net;
using EditorBridge.Portal.Exporting;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Reading;
using EditorBridge.Portal.Security;
using MudBlazor.Services;

namespace EditorBridge.Portal;

/// <summary>The web application: what it is made of, and the order in which a request passes it.</summary>
public static class PortalApplication
{
    /// <exception cref="PortalStateException"><c>portal.json</c> is broken. Nothing was started.</exception>
    public static WebApplication Build(PortalOptions options, PortalState state, TimeProvider? clock = null)
    {
        clock ??= TimeProvider.System;
        var team = TeamSignIn.Read(state);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(PortalApplication).Assembly.GetName().Name,
            // Files come from beside the program and never from the folder somebody happens to stand in; no developer pages, whatever the environment says.
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = Environments.Production,
            // The files it would watch are dropped below; a watcher fails where an editor has taken all of a person's 128.
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
        });
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning)
            // Keys lie in a 0700 folder; the platform has no key store to encrypt them with, which this would repeat at every start.
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        // Static assets of the build output; does nothing in a published portal.
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, options.Port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
        });

        var services = builder.Services;
        services.AddSingleton(state);
        services.AddSingleton(clock);
        services.AddLocalization();
        services.AddSignIn(state, team, clock);
        services.AddHostConnection();
        services.AddLedgerReading();
        services.AddMudServices(mud => mud.SnackbarConfiguration.PositionClass = MudBlazor.Defaults.Classes.Position.BottomRight);
        services.AddRazorComponents().AddInteractiveServerComponents(circuits => circuits.DetailedErrors = false);
        services.AddSignalR(hub => hub.MaximumReceiveMessageSize = 4 * 1024 * 1024);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(3));

        var app = builder.Build();
        app.UseLoopbackGuard(team?.PublicUrl);
        app.UseSecurityHeaders();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.MapStaticAssets().AllowAnonymous();
        app.MapSignIn();
        if (team is not null) app.MapTeamSignIn(team);
        app.MapExports();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(render => render.ContentSecurityFrameAncestorsPolicy = null);
        return app;
    }

    /// <summary>Prints where the portal is and one sign-in link. The host's <c>npm start</c> reads these two lines.</summary>
    public static void Announce(WebApplication app, PortalOptions options, TextWriter output)
    {
        var url = Url(app);
        var code = app.Services.GetRequiredService<SignInLinks>().Mint(options.Person, options.Roles);
        output.WriteLine($"EditorBridge portal: {url}");
        output.WriteLine($"Sign in (once, within {SignInLinks.Lifetime.TotalMinutes.ToString("0", CultureInfo.InvariantCulture)} minutes): {Link(url, code)}");
        output.Flush();
    }

    /// <summary>The portal's base URL after its start, without a trailing slash.</summary>
    public static string Url(WebApplication app) => app.Urls.First().TrimEnd('/');

    public static string Link(string url, string code) => $"{url}{SignInFeature.SignInPath}?code={code}";
}
