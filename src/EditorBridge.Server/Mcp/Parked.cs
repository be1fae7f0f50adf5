using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace EditorBridge.Mcp;

/// <summary>What can wait for its client to come back with an answer.</summary>
internal interface IParked
{
    /// <summary>The client did not come back.</summary>
    Task StopAsync();
}

/// <summary>
/// What waits for its client to come back with an answer: a call at a server, or an admission. The handle is random, good once, and only for the client, the method and the
/// exact parameters it was given for; the server's own state never leaves the gateway.
/// </summary>
/// <param name="prefix">Tells the handles of one kind from the others'.</param>
internal sealed class Parked<T>(string prefix, TimeProvider time) where T : class, IParked
{
    private const int Most = 1000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private readonly ConcurrentDictionary<string, Waiting> _calls = new(StringComparer.Ordinal);

    /// <summary>Keeps it and gives the handle it is taken back with.</summary>
    public string Keep(T call, string client, string request)
    {
        DropOld();
        var handle = prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        _calls[handle] = new Waiting(call, client, request, time.GetUtcNow() + Lifetime);
        return handle;
    }

    /// <summary>What a handle was given for, for the same client and the same request; null otherwise. The handle is used up by a right one only.</summary>
    public T? Take(string handle, string client, string request)
    {
        DropOld();
        return _calls.TryGetValue(handle, out var parked) && parked.Client == client && parked.Request == request && _calls.TryRemove(handle, out _) ? parked.Call : null;
    }

    private void DropOld()
    {
        var now = time.GetUtcNow();
        var old = _calls.Where(c => c.Value.Ends <= now).Concat(_calls.Count > Most ? _calls.OrderBy(c => c.Value.Ends).Take(_calls.Count - Most) : []);
        foreach (var (handle, parked) in old.ToArray())
            if (_calls.TryRemove(handle, out _)) _ = parked.Call.StopAsync();
    }

    private sealed record Waiting(T Call, string Client, string Request, DateTimeOffset Ends);
}
