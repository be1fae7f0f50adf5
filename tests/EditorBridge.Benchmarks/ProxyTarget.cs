using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace EditorBridge.Benchmarks;

/// <summary>One way to the upstream, asked over one connection.</summary>
/// <param name="tokens">The folder of a host's client tokens; null when no host stands in this way.</param>
internal sealed class ProxyTarget(string name, Uri address, string? tokens = null) : IDisposable
{
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, ActivityHeadersPropagator = null, MaxConnectionsPerServer = int.MaxValue });
    private readonly Uri _messages = new(address, tokens is null ? "api/v2/cortex/v1/messages" : "v1/messages");
    private readonly Dictionary<string, string> _tokens = new(StringComparer.Ordinal);
    private readonly byte[] _buffer = new byte[64 * 1024];

    public string Name => name;

    public Uri Address => address;

    public bool IsHost => tokens is not null;

    /// <summary>What stands between the client and the upstream; null when nothing does.</summary>
    public Process? Process { get; init; }

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
            + (tokens is null ? "" : $"Authorization: Bearer {Token("claude")}\r\n") + string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n");
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

    /// <summary>Milliseconds of one request, whatever it asks.</summary>
    /// <param name="client">Whose token it carries.</param>
    /// <param name="fits">Whether the answer is the expected one: a refusal would be a time of something else.</param>
    public async Task<double> TimeAsync(HttpMethod method, string path, byte[]? body, string? client, Func<string, bool> fits, params (string Name, string Value)[] headers)
    {
        var started = Stopwatch.GetTimestamp();
        using var request = new HttpRequestMessage(method, new Uri(address, path));
        if (body is not null) request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        if (client is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token(client));
        foreach (var (header, value) in headers) request.Headers.TryAddWithoutValidation(header, value);
        using var answer = await _client.SendAsync(request, CancellationToken.None);
        var text = await answer.Content.ReadAsStringAsync();
        var time = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        return answer.IsSuccessStatusCode && fits(text) ? time : throw new InvalidOperationException($"{name}: {(int)answer.StatusCode} {text}");
    }

    /// <summary>The token of one of the host's clients.</summary>
    public string Token(string client) =>
        _tokens.TryGetValue(client, out var known) ? known : _tokens[client] = File.ReadAllText(Path.Combine(tokens!, client + ".token")).Trim();

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
        if (tokens is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token("claude"));
        var answer = await _client.SendAsync(request, cancellationToken);
        if (answer.IsSuccessStatusCode) return answer;
        using (answer) throw new InvalidOperationException($"{name}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellationToken)}");
    }
}
