namespace EditorBridge.Ledger.Storage;

/// <summary>An entry as the table holds it: the only second shape of <see cref="EditorBridge.Audit.AuditEntry"/>.</summary>
internal sealed record EntryRow
{
    public required long Sequence { get; init; }
    /// <summary>Milliseconds since 1970 in UTC.</summary>
    public required long At { get; init; }
    public required string Kind { get; init; }
    public required string CallId { get; init; }
    public string? SessionId { get; init; }
    public required string Actor { get; init; }
    public string? Door { get; init; }
    public string? Tool { get; init; }
    public string? ToolUseId { get; init; }
    public string? Model { get; init; }
    public string? Subject { get; init; }
    public string? Result { get; init; }
    public string? Severity { get; init; }
    public string? Facts { get; init; }
    public required byte[] Hash { get; init; }
}

internal sealed record PayloadRow
{
    public required long Sequence { get; init; }
    public required long Ordinal { get; init; }
    public required string Name { get; init; }
    public required string MediaType { get; init; }
    public required long Bytes { get; init; }
    public required byte[] Commitment { get; init; }
}

internal sealed record PayloadTextRow
{
    public required long Sequence { get; init; }
    public required long Ordinal { get; init; }
    public required byte[] Salt { get; init; }
    public required string Encoding { get; init; }
    public byte[]? Content { get; init; }
}

internal sealed record CheckpointRow
{
    public required long Number { get; init; }
    public required long Sequence { get; init; }
    public required long At { get; init; }
    public required string Note { get; init; }
}

internal sealed record ReceiptRow
{
    public required long Number { get; init; }
    public required string Witness { get; init; }
    public required long Sequence { get; init; }
    public required long At { get; init; }
    public required string Note { get; init; }
}

internal sealed record HoldRow
{
    public required string Id { get; init; }
    public string? SessionId { get; init; }
    public string? CallId { get; init; }
    public string? Actor { get; init; }
    public long? FromAt { get; init; }
    public long? ToAt { get; init; }
    public required long PlacedSequence { get; init; }
    public long? ReleasedSequence { get; init; }
}

internal sealed record RuleHitRow
{
    public required string Rule { get; init; }
    public required long FirstSequence { get; init; }
}

internal sealed record HourRow
{
    public required long Hour { get; init; }
    public required CallKind Kind { get; init; }
    public required CallState State { get; init; }
    public required string Tool { get; init; }
    public required string Door { get; init; }
    public required string Model { get; init; }
    public required string Actor { get; init; }
    public required string Severity { get; init; }
    public required long Calls { get; init; }
    public required long Reviewed { get; init; }
    public required long HeldMs { get; init; }
    public required long InputTokens { get; init; }
    public required long OutputTokens { get; init; }
    public required long CacheReadTokens { get; init; }
    public required long CacheWriteTokens { get; init; }
}
