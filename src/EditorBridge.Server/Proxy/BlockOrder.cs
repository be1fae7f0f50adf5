using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary>
/// Holds a stream's block events to where every client looks for them. Official clients put a block at the end of their list and a delta at its index, closed or
/// not: a piece of input that comes after its call was judged, or under another block's index, would become the call's.
/// </summary>
internal sealed class BlockOrder
{
    // The protocol: content_block_start, deltas and content_block_stop of one index, which no other block has.
    private readonly HashSet<int> _started = [];
    private readonly HashSet<int> _open = [];
    private bool _hasGap;

    /// <summary>Takes the next event; false when clients would put it into different blocks.</summary>
    public bool Takes(in SseEvent read)
    {
        switch (read.Kind)
        {
            case SseEventKind.BlockStart:
                // Claude Code runs calls after a gap (measured); by place and by index they are then different ones.
                _hasGap |= read.Index != _started.Count;
                return read.Index >= 0 && _started.Add(read.Index) && _open.Add(read.Index);
            case SseEventKind.BlockDelta:
                return _open.Contains(read.Index) && (!_hasGap || read.PartialJson is null);
            case SseEventKind.BlockStop:
                return _open.Remove(read.Index);
            default:
                return true;
        }
    }
}
