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

/// <summary>What a sign-in server sent the browser back with.</summary>
/// <param name="Code">Null when it refused.</param>
/// <param name="Issuer">Who says so (RFC 9207); null when it does not say.</param>
/// <param name="Refusal">Why it refused, in its own words, cut to a line's length; null when it gave a code.</param>
public sealed record RedirectAnswer(string? Code, string? Issuer, string? Refusal);

/// <summary>The port on 127.0.0.1 that a browser comes back to after a sign-in (RFC 8252). Open while a person signs in, and no longer.</summary>
public sealed class LoopbackRedirect : IAsyncDisposable
{
    /// <summary>How long a person may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private const int LongestRefusal = 300;

    private readonly WebApplication _listener;
    private readonly TaskCompletionSource<RedirectAnswer> _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[]? _state;

    private LoopbackRedirect(WebApplication listener) => _listener = listener;

    /// <summary>What the sign-in server is told to send the browser to.</summary>
    public Uri Address { get; private set; } = null!;

    /// <param name="port">0 for any free one.</param>
    /// <param name="path">Begins with a slash.</param>
    /// <exception cref="SignInException">The port is taken.</exception>
    public static async Task<LoopbackRedirect> ListenAsync(int port, string path, CancellationToken cancellationToken)
    {
        // Empty: nothing of the folder somebody stands in, or of the environment, says where this listens.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        var redirect = new LoopbackRedirect(builder.Build());
        redirect._listener.MapGet(path, redirect.AnswerAsync);
        try
        {
            await redirect._listener.StartAsync(cancellationToken);
        }
        catch (IOException exception)
        {
            await redirect.DisposeAsync();
            throw new SignInException($"Port {port} on 127.0.0.1, which the browser is to come back to, cannot be used: {exception.Message} Nothing was changed.", exception);
        }
        redirect.Address = new Uri(redirect._listener.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + path);
        return redirect;
    }

    /// <summary>Waits for the browser.</summary>
    /// <param name="state">What only the address we made knows: a page in the browser can call this port as well.</param>
    /// <exception cref="SignInException">Nobody came back in time.</exception>
    public async Task<RedirectAnswer> WaitAsync(string state, TimeProvider time, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _state, Encoding.UTF8.GetBytes(state));
        try
        {
            return await _answered.Task.WaitAsync(Patience, time, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new SignInException($"Nobody signed in within {Patience.TotalMinutes:0} minutes. Nothing was changed.", exception);
        }
    }

    public ValueTask DisposeAsync() => _listener.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var query = context.Request.Query;
        var ours = context.Request.Host.Value == Address.Authority && Volatile.Read(ref _state) is { } state
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(query["state"].ToString()), state);
        var code = Given(query["code"]);
        context.Response.StatusCode = ours ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(
            !ours ? "This is not the sign-in EditorBridge is waiting for."
            : code is null ? "The sign-in was refused. EditorBridge shows the reason."
            : "You are signed in. You can close this window and go back to EditorBridge.",
            context.RequestAborted);
        if (!ours) return;
        var refusal = Given(query["error_description"]) ?? Given(query["error"]) ?? "no code was given";
        _answered.TrySetResult(new RedirectAnswer(code, Given(query["iss"]), code is not null ? null : refusal.Length > LongestRefusal ? refusal[..LongestRefusal] : refusal));
    }

    private static string? Given(string? value) => string.IsNullOrEmpty(value) ? null : value;
}
