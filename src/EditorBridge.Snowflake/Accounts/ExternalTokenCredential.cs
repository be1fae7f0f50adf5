using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace EditorBridge.Snowflake;

/// <summary>
/// An OAuth token that somebody else obtains: a file, or a program that prints it, alone or as JSON with <c>access_token</c> and
/// <c>expires_in</c>. Asked again when the token ends or the account refuses it.
/// </summary>
public sealed class ExternalTokenCredential : RenewingCredential
{
    /// <summary>How long a token that says nothing about its life is used before it is asked for again.</summary>
    private static readonly TimeSpan UnknownLife = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan CommandPatience = TimeSpan.FromSeconds(30);

    private readonly AccountProfile _profile;
    private readonly TimeProvider _time;

    /// <exception cref="SignInException">The profile names no source.</exception>
    public ExternalTokenCredential(AccountProfile profile, TimeProvider time, ILogger<ExternalTokenCredential> logger) : base(time, logger)
    {
        if (profile.TokenCommand.IsEmpty && profile.TokenFile is null && profile.Token is null)
        {
            throw new SignInException($"Connection '{profile.Name}' signs in with a token from outside and must name token_command, token_file_path or token.");
        }
        _profile = profile;
        _time = time;
    }

    public override string Description => !_profile.TokenCommand.IsEmpty ? "OAuth token from a program" : _profile.TokenFile is not null ? "OAuth token from a file" : "OAuth token";

    public override TokenKind Kind => TokenKind.OAuth;

    private protected override async Task<Fetched> FetchAsync(bool force, CancellationToken cancellationToken)
    {
        var text = !_profile.TokenCommand.IsEmpty ? await RunAsync(cancellationToken)
            : _profile.TokenFile is { } path ? await SecretFiles.ReadAsync(path, cancellationToken)
            : _profile.Token!.Value;
        var now = _time.GetUtcNow();
        var (token, life) = Read(text.Trim());
        return new Fetched(new AccessToken(token, TokenKind.OAuth, now + life), now + (life * 0.8));
    }

    private (string Token, TimeSpan Life) Read(string text)
    {
        if (!text.StartsWith('{'))
        {
            return (text.Length > 0 ? text : throw new SignInException($"{Description}: it is empty."), UnknownLife);
        }
        try
        {
            using var json = JsonDocument.Parse(text);
            var token = json.RootElement.TryGetProperty("access_token", out var named) ? named.GetString() : null;
            var life = json.RootElement.TryGetProperty("expires_in", out var seconds) && seconds.TryGetInt32(out var value) && value > 0 ? TimeSpan.FromSeconds(value) : UnknownLife;
            return (string.IsNullOrEmpty(token) ? throw new SignInException($"{Description}: the JSON holds no access_token.") : token, life);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new SignInException($"{Description}: what it gave is neither a token nor JSON with access_token.", exception);
        }
    }

    private async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var program = _profile.TokenCommand[0];
        try
        {
            var answer = await ProgramRun.RunAsync(program, _profile.TokenCommand.Skip(1), input: null, CommandPatience, cancellationToken);
            return answer.ExitCode == 0 ? answer.Output : throw new SignInException($"{program} ended with exit code {answer.ExitCode} and gave no token.");
        }
        catch (ProgramRunException exception)
        {
            throw new SignInException($"{exception.Message} There is no token to sign in with.", exception);
        }
    }
}
