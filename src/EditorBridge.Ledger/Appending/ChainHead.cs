using System.Collections.Immutable;
using EditorBridge.Audit;

namespace EditorBridge.Ledger;

/// <summary>Where a chain stands.</summary>
/// <param name="Sequence">0 for an empty chain.</param>
/// <param name="At">When the last entry was recorded; null when only the hash is known.</param>
public sealed record ChainHead(long Sequence, ImmutableArray<byte> Hash, DateTimeOffset? At = null)
{
    public static readonly ChainHead Empty = new(0, HashChain.Genesis);
}
