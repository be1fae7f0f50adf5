using System.Text;
using EditorBridge.Sandbox.Cortex;
using EditorBridge.Sandbox.Script;

namespace EditorBridge.Sandbox.Http;

/// <summary>Puts events on the wire with the pauses, write sizes and spelling a turn asks for. One event is one write and flush.</summary>
internal sealed class SseWriter(HttpContext context, Pacing pacing, TimeProvider clock)
{
    private static readonly TimeSpan TransportDrain = TimeSpan.FromMilliseconds(20);
    private int _written;
    private bool _first = true;

    /// <summary>Sends the headers of a stream.</summary>
    public async Task StartAsync()
    {
        context.Response.StatusCode = 200;
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        await context.Response.StartAsync(context.RequestAborted);
        if (pacing.Framing == SseFraming.Comments)
        {
            await WriteAsync(Encoding.UTF8.GetPreamble());
        }
    }

    public async Task WriteAsync(SseEvent item)
    {
        if (!_first && pacing.Delay > TimeSpan.Zero)
        {
            await Task.Delay(pacing.Delay, clock, context.RequestAborted);
        }

        _first = false;
        await WriteAsync(Frame(item, pacing.Framing));
    }

    /// <summary>The first half of an event, and then the end of the connection.</summary>
    public async Task CutAsync(SseEvent item)
    {
        var frame = Frame(item, pacing.Framing);
        await WriteAsync(frame.AsMemory(0, frame.Length / 2));
        await CloseSocketAsync();
    }

    /// <summary>Ends the connection without ending the answer, after what was written has left.</summary>
    public async Task CloseSocketAsync()
    {
        // A flush only hands the bytes to the transport, and an abort throws away what the transport still holds.
        await Task.Delay(TransportDrain);
        context.Abort();
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        if (pacing.CutAt is { } limit && _written + bytes.Length >= limit)
        {
            await context.Response.Body.WriteAsync(bytes[..(limit - _written)], context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await CloseSocketAsync();
            throw new OperationCanceledException("The script cut the connection.");
        }

        var size = pacing.Bytes > 0 ? pacing.Bytes : bytes.Length;
        for (var start = 0; start < bytes.Length; start += size)
        {
            await context.Response.Body.WriteAsync(bytes[start..Math.Min(bytes.Length, start + size)], context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
        }

        _written += bytes.Length;
    }

    private static byte[] Frame(SseEvent item, SseFraming framing)
    {
        var data = Encoding.UTF8.GetString(item.Data);
        var text = new StringBuilder();
        if (framing == SseFraming.Comments)
        {
            text.Append(": keep-alive\n\n");
        }
        else if (framing == SseFraming.UnknownEvents)
        {
            text.Append("event: sandbox_unknown\ndata: {\"type\":\"sandbox_unknown\"}\n\n");
        }

        var space = framing == SseFraming.Comments ? "" : " ";
        if (item.Name is not null)
        {
            text.Append($"event:{space}{item.Name}\n");
        }

        // A line end between two JSON tokens is white space; the first comma outside a string is right after the type.
        var comma = framing == SseFraming.MultiLine ? data.IndexOf("\",\"", StringComparison.Ordinal) + 2 : 0;
        text.Append(comma > 2 ? $"data: {data[..comma]}\ndata: {data[comma..]}\n\n" : $"data:{space}{data}\n\n");
        var lines = framing switch
        {
            SseFraming.Crlf => text.Replace("\n", "\r\n"),
            SseFraming.Cr => text.Replace('\n', '\r'),
            _ => text,
        };
        return Encoding.UTF8.GetBytes(lines.ToString());
    }
}
