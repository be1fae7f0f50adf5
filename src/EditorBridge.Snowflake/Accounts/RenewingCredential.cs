using Microsoft.Extensions.Logging;

namespace EditorBridge.Snowflake;

/// <summary>
/// A credential whose token is made anew: in the background after four fifths of its life, at once when it has ended or was
/// refused, and once for everybody who asks at the same time.
/// </summary>
public abstract partial class RenewingCredential : Credential, IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private Fetched? _current;
    private Task _background = Task.CompletedTask;

    /// <param name="Token">What is shown to the account.</param>
    /// <param name="RenewFrom">From here on the next one is fetched in the background.</param>
    private protected sealed record Fetched(AccessToken Token, DateTimeOffset RenewFrom);

    private protected RenewingCredential(TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
    }

    public override async ValueTask<AccessToken> GetAsync(CancellationToken cancellationToken)
    {
        var current = Volatile.Read(ref _current);
        var now = _time.GetUtcNow();
        if (current is null || current.Token.ExpiresAt <= now)
        {
            return await FetchOnceAsync(current, force: false, cancellationToken);
        }
        if (current.RenewFrom <= now && _background.IsCompleted)
        {
            _background = RenewInBackgroundAsync(current);
        }
        return current.Token;
    }

    public override async ValueTask<bool> RenewAsync(AccessToken refused, CancellationToken cancellationToken)
    {
        var current = Volatile.Read(ref _current);
        // Somebody else may have renewed it since this caller took it.
        if (current is not null && !ReferenceEquals(current.Token, refused))
        {
            return true;
        }
        return !ReferenceEquals(await FetchOnceAsync(current, force: true, cancellationToken), refused);
    }

    /// <summary>Makes a token.</summary>
    /// <param name="force">The account refused the last one: whatever is cached elsewhere is no good either.</param>
    /// <exception cref="SignInException">There is none to be had without a person.</exception>
    private protected abstract Task<Fetched> FetchAsync(bool force, CancellationToken cancellationToken);

    private async Task<AccessToken> FetchOnceAsync(Fetched? seen, bool force, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (ReferenceEquals(_current, seen))
            {
                Volatile.Write(ref _current, await FetchAsync(force, cancellationToken));
            }
            return _current!.Token;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task RenewInBackgroundAsync(Fetched current)
    {
        try
        {
            await FetchOnceAsync(current, force: true, CancellationToken.None);
        }
        catch (Exception exception) when (exception is SignInException or HttpRequestException or IOException)
        {
            // The token in hand is still good; the next request tries again.
            LogRenewalFailed(_logger, exception.Message);
        }
    }

    public void Dispose()
    {
        _one.Dispose();
        GC.SuppressFinalize(this);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sign-in could not be renewed yet: {Reason}")]
    private static partial void LogRenewalFailed(ILogger logger, string reason);
}
