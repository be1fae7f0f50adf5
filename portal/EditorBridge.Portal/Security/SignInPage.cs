using System.Net;
using EditorBridge.Portal.Text;
using Microsoft.Extensions.Localization;

namespace EditorBridge.Portal.Security;

/// <summary>What the page before the portal says.</summary>
/// <param name="Enter">Go on into the portal at once.</param>
public sealed record SignInNotice(string Title, string Message, bool Enter = false);

/// <summary>
/// The page for people who are not signed in: plain HTML without a circuit, so that a stranger cannot open one.
/// It enters the portal by a refresh and not by a redirect, because a SameSite=Strict cookie is not sent along a redirect that another program began.
/// </summary>
public static class SignInPage
{
    /// <summary>The same where people sign in with their organisation: that comes first, a link is the other way.</summary>
    private static readonly SignInNotice NeededOfTeam = new("Sign in", "The portal shows what AI agents did and who decided it. What you may see follows from your groups.");

    public static readonly SignInNotice Needed = new("Sign in with a link",
        "The portal opens with a one-time link. The program that runs the portal prints one when it starts; \"Open portal\" in the editor makes one too.");
    public static readonly SignInNotice SignedOut = new("You are signed out", "To come back, make a new link.");
    public static readonly SignInNotice NotForYou = new("This page is not for your role",
        "Your roles do not include the right to see this page. Go back, or ask whoever gave you the link for one with another role:");
    public static SignInNotice NoName(string claim) => new("The sign-in names nobody",
        $"The identity provider sent no claim '{claim}'. Whoever runs this portal can name another with \"personClaim\" in {TeamSignIn.FileName}, or have the provider send it. Nothing was opened.");
    public static SignInNotice NoRole(string person, string claim) => new("No role here is yours",
        $"You are {person}, and none of your values of the claim '{claim}' is given a role in {TeamSignIn.FileName}. Ask whoever runs this portal. Nothing was opened.");
    public static SignInNotice ProviderRefused(string cause) => new("The sign-in did not succeed", $"{cause} Nothing was opened. Begin again.");
    public static readonly SignInNotice Entering = new("Signed in", "Opening the portal…", Enter: true);

    private const string Command = "editorbridge-portal link --state FOLDER";

    public static SignInNotice Of(SignInFailure failure) => failure switch
    {
        SignInFailure.Expired => new("This link has expired", "A link is good for ten minutes. Make a new one; nothing was opened."),
        SignInFailure.NotTrusted => new("This link is not trusted",
            "Its file is readable by others, damaged, or names a role the portal does not know. Make a new one; nothing was opened."),
        _ => new("This link has been used", "A link is good once, or this one was never made. Make a new one; nothing was opened."),
    };

    public static Task WriteAsync(HttpContext context, int status, SignInNotice notice)
    {
        var team = context.RequestServices.GetService<TeamSignIn>();
        if (team is not null && notice == Needed) notice = NeededOfTeam;
        var text = context.RequestServices.GetRequiredService<IStringLocalizer<PortalText>>();
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync(Html(text, notice, team), context.RequestAborted);
    }

    private static string Html(IStringLocalizer<PortalText> text, SignInNotice notice, TeamSignIn? team) => $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <meta name="viewport" content="width=device-width, initial-scale=1">
          {(notice.Enter ? "<meta http-equiv=\"refresh\" content=\"0;url=/\">" : "")}
          <title>{Encode(text[notice.Title])} · EditorBridge</title>
          <link rel="icon" href="/favicon.svg" type="image/svg+xml">
          <link rel="stylesheet" href="/sign-in.css">
        </head>
        <body>
          <main>
            <img src="/favicon.svg" alt="" width="40" height="40">
            <h1>{Encode(text[notice.Title])}</h1>
            <p>{Encode(text[notice.Message])}</p>
            {(team is not null && !notice.Enter
                ? $"<p><a class=\"button\" href=\"{TeamSignIn.StartPath}\">{Encode(text["Sign in with your organisation"])}</a></p>"
                : "")}
            {(notice.Enter
                ? $"<p><a href=\"/\">{Encode(text["Continue"])}</a></p>"
                : $"<p class=\"hint\">{Encode(text[notice == NeededOfTeam ? "Or with a one-time link, which whoever runs the portal makes in a terminal:" : "In a terminal:"])}</p><pre><code>{Encode(notice == NotForYou ? Command + " --role auditor" : Command)}</code></pre>")}
          </main>
        </body>
        </html>
        """;

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
