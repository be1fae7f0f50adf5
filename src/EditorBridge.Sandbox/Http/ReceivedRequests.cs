using System.Text.Json;

namespace EditorBridge.Sandbox.Http;

/// <summary>One request as the sandbox got it. The credential is never kept, only its scheme.</summary>
internal sealed record ReceivedRequest(string RequestId, string Method, string PathAndQuery, IReadOnlyDictionary<string, string> Headers)
{
    public string Body { get; internal set; } = "";

    public int Status { get; set; }

    /// <summary>True once the caller hung up before the answer was complete.</summary>
    public bool Aborted => WhenAborted.Task.IsCompleted;

    internal TaskCompletionSource WhenAborted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>
/// What arrived, newest last, so that a test can see what a client really sent. Bounded: the oldest go first.
/// </summary>
internal sealed class ReceivedRequests
{
    private const int Limit = 500;

    /// <summary>Characters of bodies that are kept; beyond them the oldest bodies are let go.</summary>
    private const long BodyLimit = 32L * 1024 * 1024;

    private long _bodies;
    private const string ItemKey = "sandbox.received";
    private readonly Queue<ReceivedRequest> _requests = new();
    private readonly Lock _lock = new();

    public IReadOnlyList<ReceivedRequest> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests];
            }
        }
    }

    public void Add(HttpContext context)
    {
        var headers = context.Request.Headers.ToDictionary(
            header => header.Key,
            header => IsCredential(header.Key) ? Masked(header.Value.ToString()) : header.Value.ToString(),
            StringComparer.OrdinalIgnoreCase);
        var received = new ReceivedRequest(
            RequestMark.IdOf(context), context.Request.Method, context.Request.Path + context.Request.QueryString, headers);
        context.Items[ItemKey] = received;
        context.Items[typeof(ReceivedRequests)] = this;
        lock (_lock)
        {
            _requests.Enqueue(received);
            if (_requests.Count > Limit)
            {
                _bodies -= _requests.Dequeue().Body.Length;
            }
        }
    }

    public static void KeepBody(HttpContext context, string body) =>
        ((ReceivedRequests)context.Items[typeof(ReceivedRequests)]!).KeepBody(Of(context), body);

    private void KeepBody(ReceivedRequest request, string body)
    {
        lock (_lock)
        {
            request.Body = body;
            _bodies += body.Length;
            foreach (var old in _requests.TakeWhile(_ => _bodies > BodyLimit).Where(kept => kept.Body.Length > 0))
            {
                _bodies -= old.Body.Length;
                old.Body = "";
            }
        }
    }

    public static ReceivedRequest Of(HttpContext context) => (ReceivedRequest)context.Items[ItemKey]!;

    /// <summary>Completes when the caller of this request has hung up before the answer was complete.</summary>
    public Task WhenAbortedAsync(string requestId) => All.Single(request => request.RequestId == requestId).WhenAborted.Task;

    public Task WriteAsync(HttpContext context) => SandboxJson.WriteAsync(context, 200, writer =>
    {
        writer.WriteStartArray();
        foreach (var request in All)
        {
            writer.WriteStartObject();
            writer.WriteString("request_id", request.RequestId);
            writer.WriteString("method", request.Method);
            writer.WriteString("path", request.PathAndQuery);
            writer.WritePropertyName("headers");
            JsonSerializer.Serialize(writer, request.Headers, SandboxJson.Options);
            writer.WriteString("body", request.Body);
            writer.WriteNumber("status", request.Status);
            writer.WriteBoolean("aborted", request.Aborted);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    private static bool IsCredential(string header) => header.ToLowerInvariant() is "authorization" or "x-api-key" or "cookie";

    // The scheme says which kind of credential it was; a value without one is all secret.
    private static string Masked(string value) => value.IndexOf(' ', StringComparison.Ordinal) is > 0 and var scheme ? value[..scheme] + " ***" : "***";
}
