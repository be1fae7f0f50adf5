using EditorBridge.Portal.Security;

namespace EditorBridge.Portal.Host;

/// <summary>
/// Who looked at what: every view, search, reveal, verify and export becomes an entry, written by the host.
/// A view of history goes on without its record when the host is down, and the banner says so; a reveal or an export does not.
/// </summary>
public sealed class AccessRecorder(HostConnection host, HostWatch watch)
{
    /// <summary>Records a view or a search. Returns false when there is no record of it.</summary>
    public async Task<bool> TryNoteAsync(Viewer viewer, AccessAction action, string what, string? callId = null, AccessDetail? detail = null, CancellationToken cancellationToken = default)
    {
        if (!watch.IsUp) return false;
        try
        {
            await host.RecordAsync(Body(viewer, action, what, null, callId, detail), cancellationToken);
            return true;
        }
        catch (HostUnreachableException)
        {
            return false;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Records what must not happen without a record.</summary>
    /// <exception cref="HostUnreachableException">There is no record: do not go on.</exception>
    public Task RecordAsync(Viewer viewer, AccessAction action, string what, string? reason, string? callId, AccessDetail? detail, CancellationToken cancellationToken) =>
        host.RecordAsync(Body(viewer, action, what, reason, callId, detail), cancellationToken);

    private static AccessBody Body(Viewer viewer, AccessAction action, string what, string? reason, string? callId, AccessDetail? detail) =>
        new(action.WireName(), viewer.Person, string.Join(',', viewer.Roles.Select(role => role.WireName())), what, reason, callId, detail);
}
