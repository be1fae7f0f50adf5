using System.Buffers;
using System.IO.Pipelines;
using EditorBridge.Gate;
using EditorBridge.Messages;
using EditorBridge.Policy;

namespace EditorBridge.Proxy;

/// <summary>
/// Passes an upstream's event stream on and holds back each tool call until the gate has admitted it.
/// <code>
///  upstream ──► read frames ──► text, thinking, … ─────────────────────────────► queue ──► client, byte-exact
///                    └────────► tool_use block, whole ──► ActionGate (starts) ──► queue ──► wait, keep alive ──► block, edited block, or text
/// </code>
/// Reading goes on while a call waits, so that parallel calls are reviewed side by side; they are released in the order of the stream.
/// A client runs a tool as soon as its block ends (measured on 2.1.197 and later), so nothing of a block is sent before its admission.
/// </summary>
internal sealed partial class StreamGate(ActionGate gate, AgentSessions sessions, TimeProvider time, ILogger<StreamGate> logger)
{
    /// <summary>Claude Code gives up after 300 s without content and tells the user after 20 s (measured).</summary>
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(10);

    private const int QueuedFrames = 1024;

    /// <summary>What may have been read of one answer before its client has taken it; beyond it the account has to wait.</summary>
    internal const long MostQueuedBytes = 2 * 1024 * 1024;

    private const int ReadAtLeast = 4096;

    /// <summary>Runs until the stream ends.</summary>
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    /// <param name="outcome">Kept up to date on the way, so that a client that leaves does not take the count with it.</param>
    public async Task PassAsync(Stream upstream, PipeWriter client, StreamCall call, StreamOutcome outcome, CancellationToken clientGone)
    {
        using var queue = new FrameQueue(QueuedFrames, MostQueuedBytes);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(clientGone);
        sessions.AnswerBegan(call.SessionId);
        using var blocks = new StreamBlocks(this, call, outcome, stop.Token);
        var reading = ReadAsync(upstream, queue, blocks, outcome, stop.Token);
        try
        {
            await WriteAsync(queue, client, call, outcome, clientGone);
        }
        finally
        {
            await stop.CancelAsync();
            await reading;
            // Not before every question knows that nobody waits for it: the same call asked again must find it.
            await Task.WhenAny(Task.WhenAll(blocks.Admissions));
            sessions.AnswerEnded(call.SessionId, call.Actor, whole: !clientGone.IsCancellationRequested);
        }
    }

    private async Task ReadAsync(Stream upstream, FrameQueue queue, StreamBlocks blocks, StreamOutcome outcome, CancellationToken stop)
    {
        var frames = new SseReader();
        var broken = false;
        try
        {
            while (!outcome.Ended && !broken)
            {
                var read = await upstream.ReadAsync(frames.GetMemory(ReadAtLeast), stop);
                if (read == 0) break;
                frames.Advance(read);
                broken = !await TakeFramesAsync(frames, blocks, queue, outcome, stop) && !outcome.Ended;
            }

            // A last frame may lack its blank line; half a frame says nothing anybody could act on.
            if (!outcome.Ended && !broken && frames.TryReadRemainder(out var rest) && SseEvent.Read(rest) is { Kind: not SseEventKind.Malformed } last && blocks.Take(rest, last) is { } piece)
                await queue.WriteAsync(piece, stop);
            outcome.Truncated = !outcome.Ended && !broken;
            blocks.KeepIfWaiting();
            // An end without message_stop looks finished to some clients: it is told.
            if (outcome is { Truncated: true, Events: > 0 }) await queue.WriteAsync(StreamPiece.Broken("The Snowflake account's answer ended in the middle. What was not finished was not run."), stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            outcome.Truncated = true;
        }
        catch (Exception e) when (e is IOException or HttpRequestException or TimeoutException)
        {
            outcome.Truncated = true;
            LogUpstreamBroke(e);
            await TryQueueAsync(queue, StreamPiece.Broken("The connection to the Snowflake account broke in the middle of the answer: " + e.Message), stop);
        }
        finally
        {
            queue.Complete();
        }
    }

    private static async Task<bool> TakeFramesAsync(SseReader frames, StreamBlocks blocks, FrameQueue queue, StreamOutcome outcome, CancellationToken stop)
    {
        while (true)
        {
            switch (frames.Read(out var frame))
            {
                case SseReadResult.NeedMore:
                    return true;
                case SseReadResult.TooLarge:
                    await queue.WriteAsync(StreamPiece.Broken("The Snowflake account sent an event larger than EditorBridge can judge; the answer was ended there."), stop);
                    return false;
                default:
                    var piece = blocks.Take(frame, SseEvent.Read(frame));
                    if (piece is not null) await queue.WriteAsync(piece, stop);
                    if (piece?.Failure is not null || outcome.Ended) return false;
                    break;
            }
        }
    }

    private static async Task TryQueueAsync(FrameQueue queue, StreamPiece piece, CancellationToken stop)
    {
        try
        {
            await queue.WriteAsync(piece, stop);
        }
        catch (OperationCanceledException)
        {
            // The client has gone: there is nobody left to tell.
        }
    }

    private async Task WriteAsync(FrameQueue queue, PipeWriter client, StreamCall call, StreamOutcome outcome, CancellationToken clientGone)
    {
        var writer = new StreamWriter(client, outcome);
        await foreach (var piece in queue.ReadAllAsync(clientGone))
        {
            if (piece.Failure is { } failure)
            {
                outcome.Failure = failure;
                await writer.FailAsync(failure, clientGone);
                return;
            }

            if (piece.Tool is not { } tool)
            {
                await writer.PassAsync(piece, clientGone);
                continue;
            }

            await HoldAsync(tool.Admission, writer, call.KeepAlive, tool.Use.Index, clientGone);
            var admission = await tool.Admission;
            call.Presence?.Confirm();
            await writer.ReleaseAsync(tool, admission, clientGone);
        }
    }

    // The block stays unopened while a person decides: nothing has been promised, so a rejection can still become text.
    private async Task HoldAsync(Task<Admission> admission, StreamWriter writer, KeepAliveForm form, int index, CancellationToken clientGone)
    {
        while (!await EndsInTimeAsync(admission, clientGone)) await writer.KeepAliveAsync(form, index, clientGone);
        await writer.EndKeepAliveAsync(index, clientGone);
    }

    // Policy decides most calls within a millisecond: what waits for that must not cost another.
    private async Task<bool> EndsInTimeAsync(Task<Admission> admission, CancellationToken clientGone)
    {
        try
        {
            await admission.WaitAsync(KeepAlive, time, clientGone);
            return true;
        }
        catch (TimeoutException)
        {
            return admission.IsCompleted;
        }
    }

    internal async Task<Admission> AdmitAsync(StreamCall call, ToolUse use, CancellationToken stop)
    {
        if (use.Input is not { } input)
            return new Admission(AdmissionKind.Refused, use.Id, "{}", "its input is not a JSON object, so it could not be judged", Person: null);
        var canonical = ToolInput.TryCanonical(use.Name, input, out var problem);
        if (canonical is null)
            return new Admission(AdmissionKind.Refused, use.Id, "{}", $"its input has no canonical form, so it could not be judged ({problem})", Person: null);
        // What was decided before the client left holds as long as what it was decided about stands.
        if (call.Held?.DecisionOn(use) is { } earlier && (!earlier.IsReleased || await gate.VoidAsync(earlier) is null)) return earlier;
        var admission = await gate.AdmitAsync(new ActionRequest
        {
            Door = Door.Stream,
            Tool = use.Name,
            Input = canonical,
            ToolUseId = use.Id,
            SessionId = call.SessionId,
            Actor = call.Actor,
            Workspace = sessions.WorkspaceOf(call.SessionId) ?? call.Workspace,
            Model = call.Model,
        }, stop);
        call.Held?.Remember(use, admission);
        return admission;
    }

    internal void PassedToHook(StreamCall call, string toolUseId) => sessions.PassedToHook(call.SessionId!, toolUseId);

    /// <summary>A whole answer with tools for the hook leaves now.</summary>
    internal void AnswerLeaves(StreamCall call)
    {
        sessions.AnswerBegan(call.SessionId);
        sessions.AnswerEnded(call.SessionId, call.Actor, whole: true);
    }

    [LoggerMessage(LogLevel.Warning, "The upstream's stream broke")]
    private partial void LogUpstreamBroke(Exception exception);
}

/// <summary>Who a stream belongs to.</summary>
/// <param name="HookHolds">True when the session's hook is alive: its tools pass here and are held there.</param>
internal sealed record StreamCall(string? SessionId, string Actor, string? Workspace, string Model, bool HookHolds)
{
    /// <summary>What the client is sent while a person decides.</summary>
    public KeepAliveForm KeepAlive { get; init; }

    /// <summary>Where the answer is kept while a person is asked; null when it cannot hold a call.</summary>
    public HeldSlot? Held { get; init; }

    /// <summary>Looked at before an answered call is let go; null where there is no connection to look at.</summary>
    public ClientPresence? Presence { get; init; }
}

/// <summary>What was seen while a stream passed.</summary>
internal sealed class StreamOutcome
{
    public TokenUsage Usage { get; set; }
    public string? StopReason { get; set; }
    public string? MessageId { get; set; }
    public int ToolUses { get; set; }
    public int Released { get; set; }
    public int Refused { get; set; }

    /// <summary>The upstream said <c>message_stop</c>.</summary>
    public bool Ended { get; set; }

    public bool Truncated { get; set; }

    /// <summary>Why the stream was ended before its time, as told to the client.</summary>
    public string? Failure { get; set; }

    /// <summary>Events from the upstream until now; none means that nothing reached the client.</summary>
    public int Events { get; set; }
}

/// <summary>What travels from the reader to the writer: a frame, a whole tool call with its admission under way, or the end by failure.</summary>
internal sealed record StreamPiece(byte[] Bytes, SseEvent Event, HeldTool? Tool, string? Failure)
{
    /// <summary>Bytes it keeps in memory.</summary>
    public int Size => Bytes.Length + (Tool?.Frames.Length ?? 0);

    public static StreamPiece Raw(byte[] bytes, SseEvent read) => new(bytes, read, null, null);

    public static StreamPiece Held(HeldTool tool) => new([], default, tool, null);

    public static StreamPiece Broken(string failure) => new([], default, null, failure);
}

/// <param name="Frames">The block's own bytes, start to stop.</param>
/// <param name="Rewrite">True when the block cannot be released as it came: its input stood where clients disagree whether to look.</param>
internal sealed record HeldTool(ToolUse Use, byte[] Frames, bool Rewrite, Task<Admission> Admission);

/// <summary>Follows the blocks of one stream and cuts out the tool calls.</summary>
internal sealed class StreamBlocks(StreamGate gate, StreamCall call, StreamOutcome outcome, CancellationToken stop) : IDisposable
{
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);
    private readonly BlockOrder _order = new();
    private readonly ArrayBufferWriter<byte> _held = new();
    private readonly List<Task<Admission>> _admissions = [];
    // The stream so far, for the case that its client goes away while a person decides; null once it is too large, or when nothing can be held.
    private StreamRecord? _whole = call.Held is null || call.HookHolds ? null : new();
    private SseEvent _start;
    private bool _startIsNamed;
    private bool _isDisordered;

    public ToolUseAssembler? OpenTool { get; private set; }

    /// <summary>Every call asked about so far.</summary>
    public IReadOnlyList<Task<Admission>> Admissions => _admissions;

    /// <summary>At the upstream's end: keeps the answer while any of its calls waits, or a person's verdict on one has yet to reach the client.</summary>
    public void KeepIfWaiting()
    {
        if (_whole is null || !outcome.Ended || _admissions.TrueForAll(admission => admission is { IsCompletedSuccessfully: true, Result.Person: null })) return;
        if (WholeMessage.FromStream(_whole.ToArray()) is { } message) call.Held!.Keep(message);
    }

    /// <summary>Takes the next frame; null while a tool call is being collected.</summary>
    public StreamPiece? Take(in SseFrame frame, in SseEvent read)
    {
        outcome.Events++;
        Record(frame);
        outcome.Usage = outcome.Usage.Overwrite(read.Usage);
        outcome.StopReason = read.StopReason ?? outcome.StopReason;
        outcome.MessageId = read.MessageId ?? outcome.MessageId;
        outcome.Ended = read.Kind == SseEventKind.MessageStop;
        if (read.Kind == SseEventKind.Malformed)
            return StreamPiece.Broken("The Snowflake account sent an event that clients would read differently; the answer was ended there. Nothing after it was run.");
        if (read.Kind == SseEventKind.Error)
            return StreamPiece.Broken(UpstreamErrors.TranslateFrame(frame.Data).Error.Message);
        if (OpenTool is not null) return Collect(frame, read);
        _isDisordered |= !_order.Takes(read);
        // Disorder harms nobody while nothing can be run. Where the hook holds, it is asked about the input the client has put together by itself.
        if (_isDisordered && !call.HookHolds && (outcome.ToolUses > 0 || read.BlockType == "tool_use"))
            return StreamPiece.Broken("The Snowflake account sent a part of a block that is not open, or a block twice, which clients would put together differently; the answer was ended there. Nothing after it was run.");
        if (read is not { Kind: SseEventKind.BlockStart, BlockType: "tool_use" }) return StreamPiece.Raw(frame.Raw.ToArray(), read);

        outcome.ToolUses++;
        if (read.ToolUseId is not { Length: > 0 } id || read.ToolName is not { Length: > 0 } || !_ids.Add(id))
            return StreamPiece.Broken("The model asked for a tool without an id or name, or with an id it had used already; the answer was ended there. Nothing of it was run.");
        if (call.HookHolds)
        {
            gate.PassedToHook(call, id);
            return StreamPiece.Raw(frame.Raw.ToArray(), read);
        }

        _start = read;
        _startIsNamed = !frame.EventName.IsEmpty;
        OpenTool = new ToolUseAssembler(read);
        _held.ResetWrittenCount();
        _held.Write(frame.Raw.Span);
        return null;
    }

    private StreamPiece? Collect(in SseFrame frame, in SseEvent read)
    {
        if (read.Kind is SseEventKind.Ping or SseEventKind.Other) return StreamPiece.Raw(frame.Raw.ToArray(), read);
        if (read.Kind is SseEventKind.MessageDelta or SseEventKind.MessageStop or SseEventKind.BlockStart || read.Index != _start.Index)
            return StreamPiece.Broken("The model's tool call was not finished before something else began; the answer was ended there. The tool was not run.");
        // Clients that look at events' names only, and those that look at types only, would each have another input.
        if (frame.EventName.IsEmpty == _startIsNamed || read is { PartialJson: not null, DeltaType: not "input_json_delta" })
            return StreamPiece.Broken("The Snowflake account sent parts of a tool call in forms that not every client reads; the answer was ended there. The tool was not run.");
        _held.Write(frame.Raw.Span);
        if (read.Kind == SseEventKind.BlockDelta)
            return OpenTool!.Append(read) ? null : StreamPiece.Broken("The model's tool call is larger than EditorBridge can judge; it was not run.");

        _order.Takes(read);
        var use = OpenTool!.Complete();
        OpenTool = null;
        var admission = gate.AdmitAsync(call, use, stop);
        _admissions.Add(admission);
        return StreamPiece.Held(new HeldTool(use, _held.WrittenSpan.ToArray(), _start.InlineInput is not null, admission));
    }

    private void Record(in SseFrame frame)
    {
        if (_whole is null) return;
        _whole.Append(frame.Raw.Span);
        if (_whole.Length > HeldAnswers.LargestAnswer) Dispose();
    }

    /// <summary>Forgets the stream so far.</summary>
    public void Dispose()
    {
        _whole?.Dispose();
        _whole = null;
    }
}
