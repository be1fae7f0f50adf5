using System.IO.Pipelines;
using System.Text;
using EditorBridge.Proxy;
using EditorBridge.Server.Tests.Gate;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Server.Tests.Proxy;

/// <summary>A stream on its way through a real gate: the test plays the account at one end and the client at the other.</summary>
internal sealed class LiveStream : IDisposable
{
    private readonly Pipe _upstream = new();
    private readonly Pipe _client = new();
    private readonly CancellationTokenSource _leaving = new();
    private readonly StringBuilder _received = new();
    private readonly Task _passing;
    private readonly WatchedStream _reading;

    private LiveStream(GateFixture fixture, StreamCall call)
    {
        Gate = new StreamGate(fixture.Gate, fixture.Sessions, fixture.Time, NullLogger<StreamGate>.Instance);
        _reading = new WatchedStream(_upstream.Reader.AsStream());
        _passing = PassAsync(call);
    }

    public StreamGate Gate { get; }

    public StreamOutcome Outcome { get; } = new();

    /// <summary>What the client has got so far.</summary>
    public string Received => _received.ToString();

    /// <summary>Ends when the account's connection is given up.</summary>
    public Task UpstreamCancelled => _reading.Cancelled;

    public static StreamCall Call(GateFixture fixture, string session = "session-1") => new(session, "agent:claude-code/2.1.112", fixture.Workspace, "claude-sonnet-4-6", HookHolds: false);

    public static LiveStream Start(GateFixture fixture, StreamCall? call = null) => new(fixture, call ?? Call(fixture));

    /// <summary>The account sends this.</summary>
    public async Task SayAsync(params string[] frames) => await _upstream.Writer.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(frames)));

    /// <summary>Everything the client gets until this is part of it.</summary>
    public async Task<string> ReceiveAsync(string text)
    {
        while (!Received.Contains(text, StringComparison.Ordinal))
        {
            var read = await _client.Reader.ReadAsync().AsTask().WaitAsync(TestLimits.Signal);
            _received.Append(Encoding.UTF8.GetString(read.Buffer));
            _client.Reader.AdvanceTo(read.Buffer.End);
            Assert.False(read.IsCompleted && !Received.Contains(text, StringComparison.Ordinal), $"The stream ended without {text}:\n{Received}");
        }

        return Received;
    }

    /// <summary>The account has nothing more to say; what the client has got in all.</summary>
    public async Task<string> EndAsync()
    {
        await _upstream.Writer.CompleteAsync();
        while (true)
        {
            var read = await _client.Reader.ReadAsync().AsTask().WaitAsync(TestLimits.Signal);
            _received.Append(Encoding.UTF8.GetString(read.Buffer));
            _client.Reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }

        await _passing.WaitAsync(TestLimits.Signal);
        return Received;
    }

    /// <summary>The client closes its connection.</summary>
    public async Task LeaveAsync()
    {
        await _leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _passing.WaitAsync(TestLimits.Signal));
    }

    public void Dispose()
    {
        _leaving.Cancel();
        _leaving.Dispose();
        _reading.Dispose();
    }

    private async Task PassAsync(StreamCall call)
    {
        try
        {
            await Gate.PassAsync(_reading, _client.Writer, call, Outcome, _leaving.Token);
        }
        finally
        {
            await _client.Writer.CompleteAsync();
        }
    }

    /// <summary>Tells when a read of it was cancelled.</summary>
    private sealed class WatchedStream(Stream inner) : Stream
    {
        private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Cancelled => _cancelled.Task;
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using var registration = cancellationToken.Register(() => _cancelled.TrySetResult());
            return await inner.ReadAsync(buffer, cancellationToken);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Flush() => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
