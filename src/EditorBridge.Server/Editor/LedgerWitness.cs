using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using EditorBridge.Gate;
using EditorBridge.Ledger;

namespace EditorBridge.Editor;

/// <summary>
/// Editors as witnesses of the ledger: each keeps the newest checkpoint outside the state folder and shows it when it comes back. A ledger that
/// was cut, rewritten or replaced meanwhile contradicts it, and then the person and the ledger are both told.
/// </summary>
internal sealed class LedgerWitness(StateFolder state, LedgerWriter ledger)
{
    // A contradiction is one incident, however many windows show the same checkpoint.
    private readonly ConcurrentDictionary<string, bool> _reported = new(StringComparer.Ordinal);

    /// <summary>Raised for each checkpoint from now on, on the thread that writes the ledger.</summary>
    public event Action<CheckpointNote>? Signed
    {
        add => ledger.CheckpointSigned += value;
        remove => ledger.CheckpointSigned -= value;
    }

    /// <summary>Compares what a witness kept with the ledger, and says which checkpoint to keep next.</summary>
    /// <param name="note">The checkpoint's text as it was given; null when the witness has none yet.</param>
    /// <exception cref="LedgerUnavailableException">The ledger could not be asked.</exception>
    public async Task<WitnessResult> CompareAsync(string witness, string? note)
    {
        if (note is null) return Answer("nothingKept", "");
        var answer = await ledger.CompareAsync(witness, note);
        var message = Explain(answer);
        if (answer is not (WitnessAnswer.Agrees or WitnessAnswer.NotACheckpoint) && _reported.TryAdd(note, true))
        {
            await ledger.AppendAsync(GateEntries.Incident(
                "witness-" + Guid.CreateVersion7().ToString("N"), sessionId: null, "host", "ledger_contradicts_witness", message,
                new JsonObject { ["witness"] = witness, ["answer"] = EditorWire.Name(answer), ["checkpoint"] = note }));
        }

        return Answer(EditorWire.Name(answer), message);
    }

    private WitnessResult Answer(string answer, string message) => new(answer, message, state.Path, ledger.LastCheckpoint?.Text);

    private string Explain(WitnessAnswer answer) => answer switch
    {
        WitnessAnswer.Agrees => "",
        WitnessAnswer.Contradicted =>
            $"The ledger in {state.LedgerFolder} does not contain what this editor saw signed. Entries were cut off or rewritten, or an older copy was put back. Run: editorbridge ledger verify, and compare with a backup.",
        WitnessAnswer.AnotherKey =>
            $"The ledger in {state.LedgerFolder} now signs with another key than this editor saw. If nobody replaced the key on purpose, treat the ledger as altered. Run: editorbridge ledger verify --checkpoint FILE --pubkey FILE with a checkpoint and a key kept elsewhere.",
        WitnessAnswer.AnotherLedger =>
            $"The ledger in {state.LedgerFolder} is not the one this editor saw before. A new one was begun, or the old one was deleted. Ended ledgers lie in its folder 'segments'; their end is named by the first entries of the new one.",
        _ => "What this editor kept is not a checkpoint, so nothing could be compared.",
    };
}
