using System.Collections.Immutable;

namespace EditorBridge.Ledger;

/// <summary>What a verification looks at.</summary>
public sealed record VerifyOptions
{
    /// <summary>The first entry to check; the one before is taken as it is.</summary>
    public long From { get; init; } = 1;
    public long? To { get; init; }
    /// <summary>Checkpoints kept outside the folder, as text, any number one after the other.</summary>
    public string? Witnessed { get; init; }
    /// <summary>The public key in PEM, from outside the folder; without it the one beside the ledger is used, which an intruder could have replaced.</summary>
    public string? PublicKeyPem { get; init; }
    /// <summary>Whether payload texts are compared with their commitments.</summary>
    public bool Payloads { get; init; } = true;
    /// <summary>Whether the lists and sums the portal shows are folded anew and compared.</summary>
    public bool Projection { get; init; } = true;
}

/// <summary>What can be wrong with a ledger.</summary>
public enum VerifyProblem
{
    /// <summary>The file cannot be read as a database of this format.</summary>
    Unreadable,
    /// <summary>An entry between others is missing.</summary>
    EntryMissing,
    /// <summary>An entry's content and its hash do not belong together, or it does not follow the one before.</summary>
    EntryChanged,
    /// <summary>A payload text is not what was recorded.</summary>
    PayloadChanged,
    /// <summary>A checkpoint is not in its form, out of order, or not signed by the key.</summary>
    CheckpointInvalid,
    /// <summary>A checkpoint names an entry with another hash: the chain was rewritten.</summary>
    ChainRewritten,
    /// <summary>Something outside the database knows entries that are not there: the end was cut, or an older copy put back.</summary>
    ChainCut,
    /// <summary>An action was released in a review that had no approving verdict.</summary>
    ReleasedWithoutVerdict,
    /// <summary>A list or a sum does not follow from the chain.</summary>
    ProjectionDiffers,
}

/// <param name="Sequence">The entry it concerns; null when it is not one entry's.</param>
public sealed record VerifyFinding(VerifyProblem Problem, long? Sequence, string Message);

/// <summary>The result of a verification.</summary>
public sealed record VerifyReport
{
    public required string Folder { get; init; }
    public string? LedgerId { get; init; }
    public long FirstSequence { get; init; }
    /// <summary>The last entry that was checked.</summary>
    public long LastSequence { get; init; }
    /// <summary>Hash of that entry, lower-case hexadecimal: compare it with a copy kept elsewhere.</summary>
    public string? LastHash { get; init; }
    public long Entries { get; init; }
    public long PayloadsKept { get; init; }
    /// <summary>Payloads whose text retention has dropped or that was never kept.</summary>
    public long PayloadsDropped { get; init; }
    public int Checkpoints { get; init; }
    /// <summary>How many checkpoints from outside the folder were compared.</summary>
    public int Witnessed { get; init; }
    /// <summary>Entries after the last signed checkpoint: an owner of the file could still cut these unseen.</summary>
    public long Unsigned { get; init; }
    /// <summary>Calls released without a recorded outcome.</summary>
    public long OpenCalls { get; init; }
    public long ClockJumps { get; init; }
    public string? KeyId { get; init; }
    /// <summary>The key came from outside the folder.</summary>
    public bool KeyFromOutside { get; init; }
    public required TimeSpan Took { get; init; }
    public required ImmutableArray<VerifyFinding> Findings { get; init; }

    public bool IsSound => Findings.IsEmpty;
}

/// <param name="Done">Entries checked so far.</param>
/// <param name="Total">Entries to check.</param>
public readonly record struct VerifyProgress(long Done, long Total);
