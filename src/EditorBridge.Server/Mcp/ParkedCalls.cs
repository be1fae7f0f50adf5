using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace EditorBridge.Mcp;

/// <summary>
/// Calls that wait for their client to come back with an answer. The handle is random, good once, and only for the client, the method and the exact parameters it was given for;
/// the server's own state never leaves the gateway.
/// </summary>
internal sealed class ParkedCalls(TimeProvider time)
{
    private const int Most = 1000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    private readonly ConcurrentDictionary<string, Parked> _calls = new(StringComparer.Ordinal);

    /// <summary>Keeps a call and gives the handle it is taken back with.</summary>
    public string Keep(BridgedCall call, string client, string request)
    {
        DropOld();
        var handle = "eb-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        _calls[handle] = new Parked(call, client, request, time.GetUtcNow() + Lifetime);
        return handle;
    }

    /// <summary>The call of a handle, for the same client and the same request; null otherwise. The handle is used up by a right one only.</summary>
    public BridgedCall? Take(string handle, string client, string request)
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

    private sealed record Parked(BridgedCall Call, string Client, string Request, DateTimeOffset Ends);
}
