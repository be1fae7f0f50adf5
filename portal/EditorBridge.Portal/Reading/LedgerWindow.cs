using System.Collections.Immutable;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Security;

namespace EditorBridge.Portal.Reading;

/// <summary>The ledger as a viewer may see it: metadata for everybody who is signed in, texts only through the two doors that ask for a right.</summary>
public sealed class LedgerWindow(LedgerReader reader, AccessRecorder recorder)
{
    /// <summary>Lists, counts and sums: metadata only.</summary>
    public LedgerReader Reader => reader;

    /// <summary>More reviews than this are not drawn at once; the rest follow as these are answered.</summary>
    private const int MostPending = 200;

    public async Task<long> HeadAsync(CancellationToken cancellationToken) => (await reader.HeadAsync(cancellationToken)).Sequence;

    /// <summary>Calls that wait for a person, oldest first; when there are very many, the newest of them.</summary>
    public async Task<ImmutableArray<AuditCall>> PendingAsync(CancellationToken cancellationToken) =>
        [.. (await reader.CallsAsync(new CallFilter { States = [CallState.Pending] }, null, MostPending, cancellationToken)).Calls.Reverse()];

    /// <summary>Null when the ledger has no such call.</summary>
    public async Task<CallStory?> StoryAsync(string callId, CancellationToken cancellationToken)
    {
        var call = await reader.CallAsync(callId, cancellationToken);
        return call is null ? null : new CallStory(call, await reader.EntriesForCallAsync(callId, cancellationToken));
    }

    /// <summary>The texts of a call, for those whose work is to judge changes.</summary>
    /// <exception cref="NotAllowedException">The viewer may not read changes.</exception>
    public Task<ImmutableArray<(long Sequence, AuditPayload Payload)>> ChangesAsync(Viewer viewer, CallStory story, CancellationToken cancellationToken)
    {
        viewer.Require(PortalRight.ReadChanges);
        return PayloadsAsync(story, cancellationToken);
    }

    /// <summary>What the account said about the reach of a review, for those whose work is to judge it.</summary>
    /// <exception cref="NotAllowedException">The viewer may not read changes.</exception>
    public async Task<string?> ReachAsync(Viewer viewer, AuditEntry reached, CancellationToken cancellationToken)
    {
        viewer.Require(PortalRight.ReadChanges);
        return (await reader.PayloadAsync(reached.Sequence, "reach", cancellationToken))?.Text;
    }

    /// <summary>The texts of a call, for a reason. The reading is recorded first; without the record nothing is read.</summary>
    /// <exception cref="NotAllowedException">The viewer may not reveal payloads.</exception>
    /// <exception cref="HostUnreachableException">There is no record.</exception>
    public async Task<ImmutableArray<(long Sequence, AuditPayload Payload)>> RevealAsync(Viewer viewer, CallStory story, string reason, CancellationToken cancellationToken)
    {
        viewer.Require(PortalRight.RevealPayload);
        await recorder.RecordAsync(viewer, AccessAction.Reveal, $"/calls/{story.Call.CallId}", reason, story.Call.CallId, new AccessDetail(Payload: "all"), cancellationToken);
        return await PayloadsAsync(story, cancellationToken);
    }

    private async Task<ImmutableArray<(long Sequence, AuditPayload Payload)>> PayloadsAsync(CallStory story, CancellationToken cancellationToken)
    {
        var texts = ImmutableArray.CreateBuilder<(long, AuditPayload)>();
        foreach (var entry in story.Entries)
        {
            foreach (var payload in await reader.PayloadsAsync(entry.Sequence, cancellationToken)) texts.Add((entry.Sequence, payload));
        }

        return texts.ToImmutable();
    }
}
