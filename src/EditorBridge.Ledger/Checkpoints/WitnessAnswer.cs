namespace EditorBridge.Ledger;

/// <summary>What a checkpoint kept outside the ledger's folder says about the ledger.</summary>
public enum WitnessAnswer
{
    /// <summary>The ledger still contains what it contained when the checkpoint was signed.</summary>
    Agrees,
    /// <summary>The checkpoint is ours, and the entry it names is missing or another: the ledger was cut, rewritten or replaced by an older copy.</summary>
    Contradicted,
    /// <summary>It names this ledger but is signed by another key: the key was replaced, or the checkpoint is not genuine.</summary>
    AnotherKey,
    /// <summary>It is a checkpoint of another ledger: a new one was begun, or this is another state folder.</summary>
    AnotherLedger,
    /// <summary>The text is no checkpoint.</summary>
    NotACheckpoint,
}
