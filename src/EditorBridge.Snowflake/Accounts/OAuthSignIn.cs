using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EditorBridge.Snowflake;

/// <summary>A person signs in with the browser, once; the tokens go to the secrets store.</summary>
/// <remarks>
/// <code>
/// loopback port ─▶ browser: /oauth/authorize ─▶ 302 to the port with code and state ─▶ /oauth/token-request ─▶ store
/// </code>
/// </remarks>
public sealed class OAuthSignIn(OAuthClient client, SecretStore store, TimeProvider time)
{
    /// <summary>How long a person may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Runs the sign-in and returns the user's name, when the account told it.</summary>
    /// <param name="open">Shows the address to the person: opens a browser, prints it, or both.</param>
    /// <exception cref="SignInException">It was refused, failed, or took too long. Nothing was kept.</exception>
    public async Task<string?> RunAsync(Action<Uri> open, CancellationToken cancellationToken)
    {
        var state = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var verifier = OAuthClient.NewVerifier();
        var answered = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var listener = Listener(context => AnswerAsync(context, state, answered));
        await listener.StartAsync(cancellationToken);
        var redirect = new Uri(listener.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/");

        open(client.AuthorizationAddress(redirect, state, OAuthClient.Challenge(verifier)));
        string code;
        try
        {
            code = await answered.Task.WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new SignInException($"Nobody signed in within {Patience.TotalMinutes:0} minutes. Nothing was changed.", exception);
        }
        try
        {
            var tokens = await client.ExchangeAsync(code, redirect, verifier, cancellationToken);
            await store.WriteAsync(client.StoreName, tokens.ToJson(), cancellationToken);
            return tokens.User;
        }
        catch (SignInAgainException exception)
        {
            throw new SignInException(exception.Message, exception);
        }
    }

    private static WebApplication Listener(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var application = builder.Build();
        application.MapGet("/", answer);
        return application;
    }

    private static async Task AnswerAsync(HttpContext context, string state, TaskCompletionSource<string> answered)
    {
        var query = context.Request.Query;
        // A page in the browser can call this port as well; only the address we made knows the state.
        var ours = CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(query["state"].ToString()), Encoding.UTF8.GetBytes(state));
        var message = "This is not the sign-in EditorBridge is waiting for.";
        if (ours && query["code"].ToString() is { Length: > 0 } code)
        {
            message = "You are signed in. You can close this window and go back to EditorBridge.";
            answered.TrySetResult(code);
        }
        else if (ours)
        {
            message = "Snowflake refused the sign-in. EditorBridge shows the reason.";
            var said = query["error_description"].ToString() is { Length: > 0 } description ? description : query["error"].ToString();
            answered.TrySetException(new SignInException($"Snowflake refused the sign-in: {(said.Length > 300 ? said[..300] : said)}. "
                + "Administrator roles are blocked for local applications; try another role with --role."));
        }
        context.Response.StatusCode = ours ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(message, context.RequestAborted);
    }
}
