using EditorBridge.Gate;
using EditorBridge.Ledger;

namespace EditorBridge.Proxy;

/// <summary>Every connection that was kept from leaving becomes an incident in the ledger.</summary>
internal sealed partial class EgressRecord(LedgerWriter ledger, ILogger<EgressRecord> logger)
{
    /// <summary>Takes a refusal; nothing was sent, so nobody has to wait for its record.</summary>
    public void Refused(Uri target, string reason) => _ = RecordAsync(target, reason);

    private async Task RecordAsync(Uri target, string reason)
    {
        try
        {
            await ledger.AppendAsync(GateEntries.Incident("egress-" + Guid.CreateVersion7().ToString("N"), null, "host", "egress_refused",
                $"A connection to {target.GetLeftPart(UriPartial.Path)} was refused: {reason}", new() { ["target"] = target.GetLeftPart(UriPartial.Path) }));
        }
        catch (LedgerUnavailableException e)
        {
            LogNotRecorded(target.Host, e);
        }
    }

    [LoggerMessage(LogLevel.Critical, "The refused connection to {Host} could not be recorded")]
    private partial void LogNotRecorded(string host, Exception exception);
}
