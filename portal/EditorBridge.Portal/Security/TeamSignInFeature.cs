using System.Security.Claims;
using EditorBridge.Portal.Host;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace EditorBridge.Portal.Security;

/// <summary>Sign-in with the organisation's provider. What it proves is a name and groups; which roles they are is <see cref="TeamSignIn.Roles"/>.</summary>
public static class TeamSignInFeature
{
    public const string Scheme = "team";

    /// <summary>A new look at the provider's groups at the latest after this long, whatever the person does meanwhile.</summary>
    private static readonly TimeSpan SessionLength = TimeSpan.FromHours(8);

    // What proves a name is signed by the provider's private key; a shared secret would let this machine make its own names.
    private static readonly string[] Signatures =
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512,
    ];

    public static void AddTeamSignIn(this AuthenticationBuilder authentication, TeamSignIn team, PortalState state, TimeProvider clock)
    {
        var secret = team.ReadSecret(state);
        authentication.AddOpenIdConnect(Scheme, options =>
        {
            options.SignInScheme = CookieAuthenticationDefaults.AuthenticationScheme;
            options.Authority = team.Authority.ToString();
            options.RequireHttpsMetadata = !team.Authority.IsLoopback;
            options.ClientId = team.ClientId;
            options.ClientSecret = secret;
            options.CallbackPath = TeamSignIn.CallbackPath;
            options.ResponseType = OpenIdConnectResponseType.Code;
            // By query: a form posted by the provider would come from a foreign origin, and those are refused at the door.
            options.ResponseMode = OpenIdConnectResponseMode.Query;
            options.UsePkce = true;
            options.SaveTokens = false;
            options.MapInboundClaims = false;
            options.DisableTelemetry = true;
            options.TimeProvider = clock;
            options.Scope.Clear();
            foreach (var scope in team.AskedScopes) options.Scope.Add(scope);
            options.TokenValidationParameters.NameClaimType = team.PersonClaim;
            options.TokenValidationParameters.ValidAlgorithms = Signatures;
            options.TokenValidationParameters.ClockSkew = TimeSpan.FromMinutes(2);
            foreach (var cookie in new[] { options.CorrelationCookie, options.NonceCookie })
            {
                cookie.SameSite = SameSiteMode.Lax;
                cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            }

            options.BackchannelHttpHandler = new ProviderHandler(team);
            options.Events.OnTokenValidated = RequireSignature;
            options.Events.OnTicketReceived = context => EnterAsync(context, team);
            options.Events.OnRemoteFailure = RefuseAsync;
        });
    }

    /// <summary>Begins at the public address, because the provider sends the browser back there and the cookies of the attempt are that address's.</summary>
    public static void MapTeamSignIn(this WebApplication app, TeamSignIn team) =>
        app.MapGet(TeamSignIn.StartPath, async (HttpContext context) =>
        {
            if (string.Equals(context.Request.Host.Value, team.PublicUrl.Authority, StringComparison.OrdinalIgnoreCase)) await context.ChallengeAsync(Scheme);
            else context.Response.Redirect(new Uri(team.PublicUrl, TeamSignIn.StartPath).ToString());
        }).AllowAnonymous();

    // OpenID Connect Core 1.0 §3.1.3.7 lets a client take an unsigned token that came straight from the provider, and the library does. A proxy that opens TLS stands between them in many companies.
    private static Task RequireSignature(TokenValidatedContext context)
    {
        if (!Signatures.Contains(context.SecurityToken.Header.Alg)) context.Fail("The provider's token is not signed with its key.");
        return Task.CompletedTask;
    }

    private static async Task EnterAsync(TicketReceivedContext context, TeamSignIn team)
    {
        context.HandleResponse();
        var claims = context.Principal ?? new ClaimsPrincipal();
        var person = claims.FindFirstValue(team.PersonClaim);
        var recorder = context.HttpContext.RequestServices.GetRequiredService<AccessRecorder>();
        if (string.IsNullOrWhiteSpace(person))
        {
            await SignInPage.WriteAsync(context.HttpContext, StatusCodes.Status403Forbidden, SignInPage.NoName(team.PersonClaim));
            return;
        }

        var viewer = new Viewer(person, team.RolesOf(claims.FindAll(team.RoleClaim).Select(claim => claim.Value)));
        if (viewer.Roles.IsEmpty)
        {
            await recorder.TryNoteAsync(viewer, AccessAction.SignInRefused, TeamSignIn.StartPath);
            await SignInPage.WriteAsync(context.HttpContext, StatusCodes.Status403Forbidden, SignInPage.NoRole(person, team.RoleClaim));
            return;
        }

        await context.HttpContext.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, viewer.ToPrincipal(Scheme),
            new AuthenticationProperties { IsPersistent = false, AllowRefresh = false, ExpiresUtc = context.Options.TimeProvider!.GetUtcNow() + SessionLength });
        await recorder.TryNoteAsync(viewer, AccessAction.SignIn, TeamSignIn.StartPath);
        await SignInPage.WriteAsync(context.HttpContext, StatusCodes.Status200OK, SignInPage.Entering);
    }

    // The cause is the provider's or the library's text: it is shown as text, and it holds no token.
    private static Task RefuseAsync(RemoteFailureContext context)
    {
        context.HandleResponse();
        return SignInPage.WriteAsync(context.HttpContext, StatusCodes.Status403Forbidden, SignInPage.ProviderRefused(context.Failure?.Message ?? ""));
    }
}

/// <summary>The portal's only way to the outside: to the provider that <c>portal.json</c> names, and nowhere a reply or a proxy of the environment sends it on to.</summary>
internal sealed class ProviderHandler(TeamSignIn team) : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(10) })
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is { } address && team.IsProvider(address)) return base.SendAsync(request, cancellationToken);
        throw new HttpRequestException(
            $"The identity provider's metadata names {request.RequestUri?.GetLeftPart(UriPartial.Authority)}, which is not the issuer's host. Nothing was sent there. Add it to \"hosts\" in {TeamSignIn.FileName} if it belongs to the provider.");
    }
}
