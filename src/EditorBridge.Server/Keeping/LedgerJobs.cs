using EditorBridge.Editor;
using EditorBridge.Ledger;

namespace EditorBridge.Keeping;

/// <summary>The host's end of a terminal's jobs on the ledger: it alone may write while it runs.</summary>
internal sealed class LedgerJobs(StateFolder state, LedgerWriter ledger, LedgerSettings settings, TimeProvider time)
{
    /// <summary>The JSON-RPC method of the control socket; only <c>editorbridge ledger</c> uses it, so it is not part of the editors' contract.</summary>
    public const string Method = "ledger/job";

    /// <exception cref="StreamJsonRpc.LocalRpcException">It was not done; the message says why and what mends it.</exception>
    public async Task<JobResult> RunAsync(LedgerJob job, bool hasTerminal, CancellationToken cancellationToken)
    {
        if (job.NeedsTerminal && !hasTerminal)
            throw EditorWire.Error(EditorErrors.Refused, "This takes something away from the record, so it needs a terminal a person sits at, and this process has none. Nothing was done. What happens by itself is set in ledger.json (keepPayloadDays).");
        try
        {
            return await job.RunAsync(new JobSite(ledger, state.LedgerFolder, settings, Environment.UserName, time), cancellationToken);
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerUnreadableException or LedgerQueryTimeoutException or IOException or UnauthorizedAccessException)
        {
            throw EditorWire.Error(EditorErrors.Refused, e.Message);
        }
    }
}
