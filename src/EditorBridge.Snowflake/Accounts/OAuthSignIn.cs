using System.Security.Cryptography;

namespace EditorBridge.Snowflake;

/// <summary>A person signs in with the browser, once; the tokens go to the secrets store.</summary>
/// <remarks>
/// <code>
/// loopback port ─▶ browser: /oauth/authorize ─▶ 302 to the port with code and state ─▶ /oauth/token-request ─▶ store
/// </code>
/// </remarks>
public sealed class OAuthSignIn(OAuthClient client, SecretStore store, TimeProvider time)
{
    /// <summary>Runs the sign-in and returns the user's name, when the account told it.</summary>
    /// <param name="open">Shows the address to the person: opens a browser, prints it, or both.</param>
    /// <exception cref="SignInException">It was refused, failed, or took too long. Nothing was kept.</exception>
    public async Task<string?> RunAsync(Action<Uri> open, CancellationToken cancellationToken)
    {
        var state = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var verifier = OAuthClient.NewVerifier();
        await using var redirect = await LoopbackRedirect.ListenAsync(port: 0, "/", cancellationToken);
        var waiting = redirect.WaitAsync(state, time, cancellationToken);
        open(client.AuthorizationAddress(redirect.Address, state, OAuthClient.Challenge(verifier)));
        var answer = await waiting;
        if (answer.Code is not { } code)
        {
            throw new SignInException($"Snowflake refused the sign-in: {answer.Refusal}. Administrator roles are blocked for local applications; try another role with --role.");
        }
        try
        {
            var tokens = await client.ExchangeAsync(code, redirect.Address, verifier, cancellationToken);
            await store.WriteAsync(client.StoreName, tokens.ToJson(), cancellationToken);
            return tokens.User;
        }
        catch (SignInAgainException exception)
        {
            throw new SignInException(exception.Message, exception);
        }
    }
}
