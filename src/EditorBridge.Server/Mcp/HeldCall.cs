namespace EditorBridge.Mcp;

/// <summary>
/// Keeps a client waiting that would otherwise give up: a call that says nothing for a minute is dropped (measured), progress on its event stream keeps it. For those that
/// did not ask for progress there is <see cref="KeepAliveStream"/>.
/// </summary>
internal static class HeldCall
{
    public static async Task<T> WithProgressAsync<T>(this GatewayClient client, Task<T> work, string message, TimeProvider time, CancellationToken cancellationToken)
    {
        if (client.ProgressToken is null) return await work;
        while (!work.IsCompleted)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var tick = Task.Delay(KeepAliveStream.Beat, time, stop.Token);
            if (await Task.WhenAny(work, tick) == work || cancellationToken.IsCancellationRequested)
            {
                await stop.CancelAsync();
                break;
            }

            await client.ProgressAsync(message);
        }

        return await work;
    }
}
