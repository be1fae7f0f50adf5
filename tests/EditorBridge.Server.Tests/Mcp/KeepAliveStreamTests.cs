using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Mcp;
using EditorBridge.Server.Tests.Gate;
using Microsoft.Extensions.Time.Testing;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Server.Tests.Mcp;

/// <summary>Comments in an event stream: when, and never inside an event.</summary>
public sealed class KeepAliveStreamTests : IAsyncDisposable
{
    private const string Comment = ": keep-alive\n\n";
    private const string Event = "event: message\ndata: {}\n\n";

    private readonly FakeTimeProvider _time = new();
    private readonly Wire _wire = new();
    private readonly CancellationTokenSource _gone = new();
    private readonly KeepAliveStream _stream;

    public KeepAliveStreamTests() => _stream = new KeepAliveStream(_wire, _time, _gone.Token);

    /// <param name="steps">Seconds that pass one after another.</param>
    /// <param name="expected">Whether a comment leaves at the end of each.</param>
    [Theory]
    [InlineData("tools/call", false, "1.9 0.1 9.9 0.1 10", "-+-++")]
    [InlineData("tools/call", true, "2 10 1 10 1", "+-+-+")]
    [InlineData("subscriptions/listen", false, "2 10 10 10 30", "+--++")]
    public void Comment_leaves_after_each_silence(string method, bool hasProgress, string steps, string expected)
    {
        Begin(method, hasProgress);

        Assert.Equal(expected, string.Concat(steps.Split(' ').Select(seconds => Passed(double.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture)) ? '+' : '-')));
        Assert.Equal(_wire.Flushed, _wire.Text.Length);
    }

    [Fact]
    public async Task Event_is_a_sign_of_life_and_puts_the_comment_off()
    {
        Begin();
        _time.Advance(TimeSpan.FromSeconds(8));
        await SendAsync(Event);
        _time.Advance(TimeSpan.FromSeconds(9));
        await SendAsync(Event);
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(Comment + Event + Event + Comment, _wire.Text);
    }

    [Fact]
    public async Task Event_that_comes_in_pieces_is_not_torn()
    {
        Begin();
        await SendAsync(Event[..10]);
        _time.Advance(TimeSpan.FromMinutes(1));
        await SendAsync(Event[10..]);
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(Event + Comment, _wire.Text);
    }

    [Fact]
    public async Task Comment_waits_while_an_event_is_being_written()
    {
        Begin();
        _wire.Hold();
        var writing = SendAsync(Event);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("", _wire.Text);
        _wire.Release();
        await writing;
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(Event + Comment, _wire.Text);
    }

    [Fact]
    public async Task Event_waits_while_a_comment_is_being_written()
    {
        Begin();
        _wire.Hold();
        _time.Advance(TimeSpan.FromSeconds(2));
        var writing = SendAsync(Event);
        Assert.Equal("", _wire.Text);
        _wire.Release();
        await writing;

        Assert.Equal(Comment + Event, _wire.Text);
    }

    [Fact]
    public async Task Nothing_leaves_by_itself_before_the_beginning_and_after_the_end()
    {
        _time.Advance(TimeSpan.FromMinutes(1));
        Begin();
        await _stream.EndAsync();
        _time.Advance(TimeSpan.FromMinutes(1));
        await SendAsync(Event);

        Assert.Equal(Event, _wire.Text);
    }

    /// <summary>A request may be taken up when its client has hung up already.</summary>
    [Fact]
    public async Task Beginning_after_the_end_says_nothing()
    {
        await _stream.EndAsync();
        Begin();
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("", _wire.Text);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Client_that_has_gone_is_written_to_no_more(bool known)
    {
        Begin();
        if (known) _gone.Cancel();
        else _wire.Broken = true;
        _time.Advance(TimeSpan.FromMinutes(1));
        _wire.Broken = false;
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("", _wire.Text);
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _wire.DisposeAsync();
        _gone.Dispose();
    }

    private void Begin(string method = "tools/call", bool hasProgress = false) => _stream.Begin(new JsonRpcRequest
    {
        Method = method,
        Params = hasProgress ? new JsonObject { ["_meta"] = new JsonObject { ["progressToken"] = 1 } } : null,
    });

    private bool Passed(double seconds)
    {
        var before = _wire.Text.Length;
        _time.Advance(TimeSpan.FromSeconds(seconds));
        return _wire.Text.Length > before;
    }

    private async Task SendAsync(string text)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(text), CancellationToken.None);
        await _stream.FlushAsync(CancellationToken.None).WaitAsync(TestLimits.Signal);
    }

    /// <summary>A response that keeps what is written, and can be slow or broken.</summary>
    private sealed class Wire : MemoryStream
    {
        private TaskCompletionSource _free = Done();

        public bool Broken { get; set; }
        public int Flushed { get; private set; }
        public string Text => Encoding.UTF8.GetString(ToArray());

        public void Hold() => _free = new TaskCompletionSource();

        public void Release() => _free.SetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Broken) throw new IOException("The client has gone.");
            await _free.Task;
            await base.WriteAsync(buffer, cancellationToken);
        }

        public override Task FlushAsync(CancellationToken cancellationToken)
        {
            Flushed = (int)Length;
            return Task.CompletedTask;
        }

        private static TaskCompletionSource Done()
        {
            var done = new TaskCompletionSource();
            done.SetResult();
            return done;
        }
    }
}
