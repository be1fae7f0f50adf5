using EditorBridge.Portal.Host;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;

namespace EditorBridge.Portal.Security;

/// <summary>Cookie after a one-time link or the organisation's sign-in; everything else is closed by default.</summary>
public static class SignInFeature
{
    public const string SignInPath = "/sign-in";
    private static readonly TimeSpan SessionLength = TimeSpan.FromHours(10);

    public static void AddSignIn(this IServiceCollection services, PortalState state, TeamSignIn? team, TimeProvider clock)
    {
        services.AddSingleton(new SignInLinks(state, clock));
        services.AddScoped<CurrentViewer>();
        services.AddCascadingAuthenticationState();
        services.AddDataProtection()
            .SetApplicationName("EditorBridge.Portal")
            .PersistKeysToFileSystem(new DirectoryInfo(state.KeysFolder));

        var authentication = services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(options =>
        {
            options.Cookie.Name = "editorbridge-portal";
            options.Cookie.HttpOnly = true;
            options.Cookie.SameSite = SameSiteMode.Strict;
            options.Cookie.IsEssential = true;
            options.ExpireTimeSpan = SessionLength;
            options.SlidingExpiration = true;
            options.LoginPath = SignInPath;
            options.Events.OnRedirectToLogin = Challenge;
            options.Events.OnRedirectToAccessDenied = context =>
                SignInPage.WriteAsync(context.HttpContext, StatusCodes.Status403Forbidden, SignInPage.NotForYou);
        });
        if (team is not null)
        {
            services.AddSingleton(team);
            authentication.AddTeamSignIn(team, state, clock);
        }

        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new Microsoft.AspNetCore.Authorization.AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        services.Configure<Microsoft.AspNetCore.Authorization.AuthorizationOptions>(options =>
        {
            foreach (var right in Enum.GetValues<PortalRight>())
                options.AddPolicy(right.ToString(), policy => policy.RequireAssertion(context => Viewer.From(context.User).May(right)));
        });
    }

    public static void MapSignIn(this WebApplication app)
    {
        app.MapGet(SignInPath, SignInAsync).AllowAnonymous();
        app.MapPost("/sign-out", async (HttpContext context) =>
        {
            await context.SignOutAsync();
            await SignInPage.WriteAsync(context, StatusCodes.Status200OK, SignInPage.SignedOut);
        });
    }

    // Somebody who opens a page is sent to the sign-in page; the circuit, a form and the like get a plain 401.
    private static Task Challenge(RedirectContext<CookieAuthenticationOptions> context)
    {
        var wantsPage = HttpMethods.IsGet(context.Request.Method) && !context.Request.Path.StartsWithSegments("/_blazor");
        if (wantsPage) context.Response.Redirect(SignInPath);
        else context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return Task.CompletedTask;
    }

    private static async Task SignInAsync(HttpContext context, SignInLinks links, AccessRecorder recorder)
    {
        // A browser that fetches a link ahead of the click must not use it up.
        if (context.Request.Headers["Sec-Purpose"].Count > 0)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        string? code = context.Request.Query["code"];
        if (code is null)
        {
            await SignInPage.WriteAsync(context, StatusCodes.Status200OK, SignInPage.Needed);
            return;
        }

        var (viewer, failure) = links.Redeem(code);
        if (viewer is null)
        {
            await SignInPage.WriteAsync(context, StatusCodes.Status403Forbidden, SignInPage.Of(failure));
            return;
        }

        await context.SignInAsync(viewer.ToPrincipal(CookieAuthenticationDefaults.AuthenticationScheme),
            new AuthenticationProperties { IsPersistent = false });
        await recorder.TryNoteAsync(viewer, AccessAction.SignIn, SignInPath);
        await SignInPage.WriteAsync(context, StatusCodes.Status200OK, SignInPage.Entering);
    }
}
