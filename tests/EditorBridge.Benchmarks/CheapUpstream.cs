using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace EditorBridge.Benchmarks;

/// <summary>
/// An account that costs next to nothing: it reads a request's body to its end, looks at its first bytes only, and answers with bytes made beforehand.
/// What is asked for stands in <c>max_tokens</c>.
/// </summary>
internal static class CheapUpstream
{
    /// <summary>A whole answer of about 1 KB.</summary>
    public const int Whole = 1001;

    /// <summary>A stream whose frames come with a pause between them, so that none shares a packet with the next.</summary>
    public const int Frames = 1002;

    /// <summary>A stream with one tool call; its input holds when its last delta was sent.</summary>
    public const int Tool = 1003;

    /// <summary>A stream that goes on: a frame of 1 KB every 50 ms, as many as <c>PacedFrames</c>.</summary>
    public const int Paced = 1004;

    /// <summary>Frames of a stream of <see cref="Frames"/>, counted by what a client must see.</summary>
    public const int FrameCount = 25;

    public const int PacedFrames = 100;

    /// <summary>Of every statement.</summary>
    public const string Handle = "01b00000-0000-0000-0000-000000000001";

    /// <summary>What stands in every result.</summary>
    public const string Cell = "4711";

    private const int Head = 256;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);
    private static readonly byte[] Answer = Encoding.UTF8.GetBytes(
        $$$"""{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-6","content":[{"type":"text","text":"{{{new string('a', 800)}}}"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":200}}""");

    private static readonly byte[] Opening = Frame("message_start",
        """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-6","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":1}}}""");

    private static readonly byte[] Delta = Frame("content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"eleven more characters"}}""");
    private static readonly byte[] LongDelta = Frame("content_block_delta", $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{{{new string('a', 950)}}}"}}""");
    private static readonly byte[] TextStart = Frame("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""");
    private static readonly byte[] ToolStart = Frame("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"Read","input":{}}}""");
    private static readonly byte[] BlockStop = Frame("content_block_stop", """{"type":"content_block_stop","index":0}""");

    private static readonly byte[] Submitted = Encoding.UTF8.GetBytes($$$"""{"code":"333334","message":"Asynchronous execution in progress.","statementHandle":"{{{Handle}}}","statementStatusUrl":"/api/v2/statements/{{{Handle}}}"}""");

    private static readonly byte[] Rows = Encoding.UTF8.GetBytes(
        $$$"""{"code":"090001","sqlState":"00000","message":"Statement executed successfully.","statementHandle":"{{{Handle}}}","resultSetMetaData":{"numRows":1,"format":"jsonv2","partitionInfo":[{"rowCount":1,"uncompressedSize":12}],"rowType":[{"name":"ID","type":"fixed","nullable":false,"precision":38,"scale":0},{"name":"AMOUNT","type":"fixed","nullable":true,"precision":12,"scale":2}]},"data":[["{{{Cell}}}","12.50"]]}""");

    public static async Task<int> RunAsync()
    {
        var app = Listener.Build();
        app.Run(AnswerAsync);
        await Listener.RunAsync(app);
        return 0;
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path == "/mcp")
        {
            await CheapMcpServer.AnswerAsync(context);
            return;
        }

        var head = await ReadAsync(context.Request);
        if (context.Request.Path.StartsWithSegments("/api/v2/statements"))
        {
            var submits = HttpMethods.IsPost(context.Request.Method);
            context.Response.StatusCode = submits ? StatusCodes.Status202Accepted : StatusCodes.Status200OK;
            await WriteAsync(context, submits ? Submitted : Rows);
            return;
        }

        switch (head.Contains("\"max_tokens\":1001", StringComparison.Ordinal) ? Whole : Asked(head))
        {
            case Frames:
                await StreamAsync(context, Pause, [Opening, TextStart, .. Enumerable.Repeat(Delta, FrameCount - 5), BlockStop, Ending("end_turn"), Stop]);
                break;
            case Tool:
                await ToolAsync(context);
                break;
            case Paced:
                await StreamAsync(context, Pace, [Opening, TextStart, .. Enumerable.Repeat(LongDelta, PacedFrames - 5), BlockStop, Ending("end_turn"), Stop]);
                break;
            default:
                await WriteAsync(context, Answer);
                break;
        }
    }

    private static async Task WriteAsync(HttpContext context, byte[] answer)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.Length;
        await context.Response.BodyWriter.WriteAsync(answer);
    }

    private static byte[] Stop => Frame("message_stop", """{"type":"message_stop"}""");

    private static int Asked(string head) => new[] { Frames, Tool, Paced }.FirstOrDefault(kind => head.Contains(string.Create(CultureInfo.InvariantCulture, $"\"max_tokens\":{kind}"), StringComparison.Ordinal));

    private static byte[] Ending(string reason) => Frame("message_delta", $$$"""{"type":"message_delta","delta":{"stop_reason":"{{{reason}}}","stop_sequence":null},"usage":{"output_tokens":200}}""");

    private static async Task ToolAsync(HttpContext context)
    {
        await BeginAsync(context);
        var body = context.Response.BodyWriter;
        await body.WriteAsync(Opening);
        await body.WriteAsync(ToolStart);
        await Task.Delay(Pause);
        var sent = string.Create(CultureInfo.InvariantCulture, $$"""{\"file_path\":\"/nowhere/a.sql\",\"offset\":{{Stopwatch.GetTimestamp()}}}""");
        await body.WriteAsync((byte[])[.. Frame("content_block_delta", $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{{{sent}}}"}}"""), .. BlockStop]);
        await Task.Delay(Pause);
        await body.WriteAsync((byte[])[.. Ending("tool_use"), .. Stop]);
    }

    private static async Task StreamAsync(HttpContext context, TimeSpan pause, byte[][] frames)
    {
        await BeginAsync(context);
        try
        {
            foreach (var frame in frames)
            {
                await context.Response.BodyWriter.WriteAsync(frame, context.RequestAborted);
                await Task.Delay(pause, context.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client had what it wanted.
        }
    }

    private static Task BeginAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        return context.Response.StartAsync();
    }

    // The body's first bytes; the rest is read and thrown away.
    private static async Task<string> ReadAsync(HttpRequest request)
    {
        var head = "";
        while (true)
        {
            var read = await request.BodyReader.ReadAsync();
            if (head.Length < Head) head += Encoding.UTF8.GetString(read.Buffer.Slice(0, Math.Min(read.Buffer.Length, Head)));
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) return head;
        }
    }

    private static byte[] Frame(string name, string data) => Encoding.UTF8.GetBytes($"event: {name}\ndata: {data}\n\n");
}
