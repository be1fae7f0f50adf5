namespace EditorBridge.Mcp.Upstreams;

/// <summary>How long a call at a server may be silent. What the server says starts the time anew; while a person is asked on its behalf, it stands still.</summary>
/// <param name="most">The longest silence.</param>
internal sealed class CallSilence(TimeSpan most, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _tooLong = new(most, time);
    private int _questions;

    /// <summary>Cancelled when the silence has been too long.</summary>
    public CancellationToken TooLong => _tooLong.Token;

    /// <summary>The server has said something.</summary>
    public void Broken()
    {
        if (Volatile.Read(ref _questions) == 0) Allow(most);
    }

    /// <summary>A question of the server's, of which several may be open at once: whoever answers takes the time it takes.</summary>
    public async Task<T> DuringAsync<T>(Func<Task<T>> question)
    {
        Interlocked.Increment(ref _questions);
        Allow(Timeout.InfiniteTimeSpan);
        try
        {
            return await question();
        }
        finally
        {
            if (Interlocked.Decrement(ref _questions) == 0) Allow(most);
        }
    }

    public void Dispose() => _tooLong.Dispose();

    // What a server says may come just after the end of the call it is handed to.
    private void Allow(TimeSpan silence)
    {
        try
        {
            _tooLong.CancelAfter(silence);
        }
        catch (ObjectDisposedException)
        {
            // The call has ended, and nobody waits for it.
        }
    }
}
