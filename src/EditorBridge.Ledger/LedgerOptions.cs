namespace EditorBridge.Ledger;

/// <summary>How much of the payload texts the ledger keeps. Secrets are redacted in every mode.</summary>
public enum ContentMode
{
    /// <summary>Texts are kept beside the chain until retention drops them.</summary>
    Full,
    /// <summary>Only salted commitments are kept: a text found elsewhere can be matched, none can be read. A review that was open when the host stopped cannot be restored.</summary>
    DigestsOnly,
    /// <summary>Payloads leave no trace at all.</summary>
    None,
}

/// <summary>Where the ledger lies and how it behaves.</summary>
public sealed record LedgerOptions
{
    /// <summary>The state folder, mode 0700, made when missing. Holds ledger.db, the signing key and the checkpoints.</summary>
    public required string Folder { get; init; }

    public ContentMode Content { get; init; } = ContentMode.Full;

    /// <summary>How long an append may wait to become durable before it is reported as failed; independent of the caller's cancellation.</summary>
    public TimeSpan AppendDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A checkpoint is signed after this many entries…</summary>
    public int CheckpointEntries { get; init; } = 1000;

    /// <summary>… or this long after the first entry that no checkpoint covers.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Appends that may wait at once; one more fails at once instead of growing the queue.</summary>
    public int QueueLimit { get; init; } = 4096;

    /// <summary>A difference between wall and monotonic clock above this is recorded.</summary>
    public TimeSpan ClockTolerance { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether the full-text index is kept up to date in the background.</summary>
    public bool FullText { get; init; } = true;
}
