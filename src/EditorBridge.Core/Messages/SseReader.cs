using System.Buffers;

namespace EditorBridge.Messages;

/// <summary>One frame of an event stream.</summary>
/// <param name="Raw">Every byte of the frame, its blank line and any stray line ends before it included: concatenated, all frames give the stream back byte for byte.</param>
/// <param name="EventName">The last <c>event</c> field, empty when there is none. Official clients ignore a frame without one.</param>
/// <param name="Data">The <c>data</c> fields joined by line feeds.</param>
/// <param name="IsComplete">False for what is left when a stream ends without a blank line.</param>
/// <remarks>The memory belongs to the reader and is valid until the next <see cref="SseReader.Append"/>.</remarks>
public readonly record struct SseFrame(ReadOnlyMemory<byte> Raw, ReadOnlyMemory<byte> EventName, ReadOnlyMemory<byte> Data, bool IsComplete);

public enum SseReadResult
{
    Frame,
    /// <summary>No whole frame is buffered: append more bytes.</summary>
    NeedMore,
    /// <summary>A frame grew beyond the limit; the stream cannot be judged any more and must be ended.</summary>
    TooLarge,
}

/// <summary>
/// Cuts an event stream into frames as bytes arrive, whatever the chunks. As tolerant as official clients are: LF, CRLF and CR
/// line ends, a byte-order mark, comments, no space after the colon, several data lines, UTF-8 split between chunks.
/// </summary>
public sealed class SseReader(int maxFrameBytes = SseReader.DefaultMaxFrameBytes)
{
    /// <summary>Four times the largest single frame an upstream may send (a 1 MB delta) with room for a whole server tool result.</summary>
    public const int DefaultMaxFrameBytes = 4 * 1024 * 1024;

    private static ReadOnlySpan<byte> LineEnds => "\r\n"u8;

    private byte[] _buffer = new byte[8192];
    private int _start;      // first byte of the frame being read
    private int _end;        // one past the last byte held
    private int _line;       // first byte of the line being read
    private int _scanned;    // everything before it is known to hold no line end of this line
    private bool _anyLine;   // the frame has a line that is not blank
    private bool _first = true;
    private Range _event;
    private List<Range>? _dataLines;
    private Range? _data;

    /// <summary>Takes bytes from the stream. Frames given before become invalid.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetMemory(bytes.Length).Span);
        Advance(bytes.Length);
    }

    /// <summary>Where the stream's next bytes may be written, so that they need not be copied; <see cref="Advance"/> takes them. Frames given before become invalid.</summary>
    public Memory<byte> GetMemory(int atLeast)
    {
        if (_end + atLeast > _buffer.Length)
        {
            MakeRoom(atLeast);
        }
        return _buffer.AsMemory(_end);
    }

    /// <summary>Takes bytes written to what <see cref="GetMemory"/> gave.</summary>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Length - _end);
        _end += count;
    }

    /// <summary>Reads the next whole frame out of what has been appended.</summary>
    public SseReadResult Read(out SseFrame frame)
    {
        while (NextLine(out var line, out var after))
        {
            _line = _scanned = after;
            if (line.Start.Value < line.End.Value)
            {
                _anyLine = true;
                Field(line);
            }
            else if (_anyLine)
            {
                frame = Take(after, isComplete: true);
                return SseReadResult.Frame;
            }
        }
        frame = default;
        return _end - _start > maxFrameBytes ? SseReadResult.TooLarge : SseReadResult.NeedMore;
    }

    /// <summary>After the end of the stream: whatever has not been given yet. Its bytes still have to be passed on or accounted for.</summary>
    public bool TryReadRemainder(out SseFrame frame)
    {
        if (_start == _end)
        {
            frame = default;
            return false;
        }
        var lineEnd = _buffer[_end - 1] == '\r' ? _end - 1 : _end;
        if (_line < lineEnd)
        {
            Field(_line..lineEnd);
        }
        frame = Take(_end, isComplete: false);
        return true;
    }

    private bool NextLine(out Range line, out int after)
    {
        line = default;
        after = 0;
        if (_first)
        {
            if (_end - _start < 3 && "\uFEFF"u8.StartsWith(_buffer.AsSpan(_start, _end - _start)))
            {
                return false;
            }
            _first = false;
            if (_buffer.AsSpan(_start, _end - _start).StartsWith("\uFEFF"u8))
            {
                _line = _scanned = _start + 3;
            }
        }
        var found = _buffer.AsSpan(_scanned, _end - _scanned).IndexOfAny(LineEnds);
        if (found < 0)
        {
            _scanned = _end;
            return false;
        }
        var at = _scanned + found;
        line = _line..at;
        after = at + 1;
        if (_buffer[at] == '\r')
        {
            // A CR at the very end may be half of a CRLF. A line is only closed by it once that is known, but a blank line
            // is closed at once: waiting would hold back a finished frame, and a late LF is an empty line of the next one.
            if (after == _end)
            {
                if (at > _line || !_anyLine)
                {
                    _scanned = at;
                    return false;
                }
            }
            else if (_buffer[after] == '\n')
            {
                after++;
            }
        }
        return true;
    }

    private void Field(Range line)
    {
        var text = _buffer.AsSpan(line);
        var colon = text.IndexOf((byte)':');
        if (colon == 0)
        {
            return;
        }
        var name = colon < 0 ? text : text[..colon];
        var from = colon < 0 ? text.Length : colon + 1;
        if (from < text.Length && text[from] == ' ')
        {
            from++;
        }
        // Offsets are kept from the frame's start: the buffer may move before the frame is whole.
        Range value = (line.Start.Value + from - _start)..(line.End.Value - _start);
        if (name.SequenceEqual("data"u8))
        {
            if (_data is { } before)
            {
                (_dataLines ??= [before]).Add(value);
            }
            else
            {
                _data = value;
            }
        }
        else if (name.SequenceEqual("event"u8))
        {
            _event = value;
        }
    }

    private SseFrame Take(int after, bool isComplete)
    {
        var raw = _buffer.AsMemory(_start, after - _start);
        var frame = new SseFrame(raw, raw[_event], _dataLines is null ? (_data is { } data ? raw[data] : default) : Joined(raw), isComplete);
        _start = _line = _scanned = after;
        _anyLine = false;
        _event = default;
        _data = null;
        _dataLines = null;
        return frame;
    }

    private byte[] Joined(ReadOnlyMemory<byte> raw)
    {
        var joined = new ArrayBufferWriter<byte>();
        for (var i = 0; i < _dataLines!.Count; i++)
        {
            joined.Write(i == 0 ? default : "\n"u8);
            joined.Write(raw[_dataLines[i]].Span);
        }
        return joined.WrittenSpan.ToArray();
    }

    private void MakeRoom(int more)
    {
        var held = _end - _start;
        var target = held + more > _buffer.Length ? new byte[Math.Max(_buffer.Length * 2, held + more)] : _buffer;
        _buffer.AsSpan(_start, held).CopyTo(target);
        _line -= _start;
        _scanned -= _start;
        _end = held;
        _start = 0;
        _buffer = target;
    }
}
