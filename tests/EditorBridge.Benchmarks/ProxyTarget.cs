using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace EditorBridge.Benchmarks;

/// <summary>One way to the upstream, asked over one connection.</summary>
internal sealed class ProxyTarget(string name, Uri address, string? token) : IDisposable
{
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, ActivityHeadersPropagator = null, MaxConnectionsPerServer = int.MaxValue });
    private readonly Uri _messages = new(address, token is null ? "api/v2/cortex/v1/messages" : "v1/messages");
    private readonly byte[] _buffer = new byte[64 * 1024];

    public string Name => name;
    public Uri Address => address;
    public string? Token => token;

    public void Dispose() => _client.Dispose();

    /// <summary>Milliseconds from sending a request to the last byte of its answer.</summary>
    public async Task<double> WholeAsync(byte[] body)
    {
        var started = Stopwatch.GetTimestamp();
        using var answer = await SendAsync(body);
        await using var stream = await answer.Content.ReadAsStreamAsync();
        while (await stream.ReadAsync(_buffer) > 0)
        {
            // Only the time counts.
        }

        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    /// <summary>Milliseconds from sending a request to the first piece of text.</summary>
    public async Task<double> FirstTextAsync(byte[] body)
    {
        var started = Stopwatch.GetTimestamp();
        var first = 0.0;
        await ReadStreamAsync(body, seen =>
        {
            if (first == 0 && seen.IndexOf("text_delta"u8) >= 0) first = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        });
        return first;
    }

    /// <summary>Milliseconds from the moment the upstream sent a tool call's last delta to its block's end here; both clocks are this machine's.</summary>
    public async Task<double> ToolAsync(byte[] body)
    {
        var ended = 0L;
        var all = "";
        await ReadStreamAsync(body, seen =>
        {
            all = Encoding.UTF8.GetString(seen);
            if (ended == 0 && seen.IndexOf("content_block_stop"u8) >= 0) ended = Stopwatch.GetTimestamp();
        });
        const string mark = "offset\\\":";
        var from = all.IndexOf(mark, StringComparison.Ordinal);
        if (from < 0 || !all.Contains("\"tool_use\"", StringComparison.Ordinal)) throw new InvalidOperationException($"{name}: the tool call did not pass: {all}");
        from += mark.Length;
        var sent = long.Parse(all.AsSpan(from, all.IndexOf('}', from) - from), CultureInfo.InvariantCulture);
        return Stopwatch.GetElapsedTime(sent, ended).TotalMilliseconds;
    }

    /// <summary>Reads a stream to its end and answers how many bytes it had.</summary>
    public async Task<long> DrainAsync(byte[] body, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(body, cancellationToken);
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[4096];
        long length = 0;
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0) length += read;
        return length;
    }

    /// <summary>The pieces an answer came in: an HTTP/1.1 server writes one chunk for each flush.</summary>
    public async Task<int> FlushesAsync(byte[] body)
    {
        using var socket = new TcpClient { NoDelay = true };
        await socket.ConnectAsync(address.Host, address.Port);
        await using var stream = socket.GetStream();
        var head = $"POST {_messages.AbsolutePath} HTTP/1.1\r\nHost: {address.Authority}\r\nContent-Type: application/json\r\nanthropic-version: 2023-06-01\r\n"
            + (token is null ? "" : $"Authorization: Bearer {token}\r\n") + string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        await stream.WriteAsync(body);
        using var whole = new MemoryStream();
        await stream.CopyToAsync(whole);
        return Chunks(whole.ToArray());
    }

    private static int Chunks(ReadOnlySpan<byte> answer)
    {
        var rest = answer[(answer.IndexOf("\r\n\r\n"u8) + 4)..];
        for (var count = 0; ; count++)
        {
            var line = rest.IndexOf("\r\n"u8);
            var length = int.Parse(Encoding.ASCII.GetString(rest[..line]), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (length == 0) return count;
            rest = rest[(line + 2 + length + 2)..];
        }
    }

    private delegate void Seen(ReadOnlySpan<byte> all);

    private async Task ReadStreamAsync(byte[] body, Seen saw)
    {
        using var answer = await SendAsync(body);
        await using var stream = await answer.Content.ReadAsStreamAsync();
        var length = 0;
        int read;
        while ((read = await stream.ReadAsync(_buffer.AsMemory(length))) > 0)
        {
            length += read;
            saw(_buffer.AsSpan(0, length));
        }
    }

    private async Task<HttpResponseMessage> SendAsync(byte[] body, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _messages) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("anthropic-version", "2023-06-01");
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var answer = await _client.SendAsync(request, cancellationToken);
        if (answer.IsSuccessStatusCode) return answer;
        using (answer) throw new InvalidOperationException($"{name}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellationToken)}");
    }
}
