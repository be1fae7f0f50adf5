using System.Collections.Concurrent;

namespace EditorBridge.Sandbox.Faults;

/// <summary>
/// Connections that look alive to a client's pool but die on the next request, as an idle socket does after a load balancer forgot it.
/// </summary>
internal sealed class StaleConnections
{
    private readonly ConcurrentDictionary<string, bool> _ids = new();

    public void Mark(string connectionId) => _ids[connectionId] = true;

    /// <summary>True once for a marked connection.</summary>
    public bool TryTake(string connectionId) => _ids.TryRemove(connectionId, out _);
}
