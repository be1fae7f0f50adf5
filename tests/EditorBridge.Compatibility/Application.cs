using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Anthropic;
using Anthropic.Core;
using Anthropic.Exceptions;
using Anthropic.Helpers;
using Anthropic.Models.Messages;
using Anthropic.Models.Models;

namespace EditorBridge.Compatibility;

/// <summary>
/// A program that uses Anthropic's own C# SDK the way applications do. It is built twice, against the last major version that speaks
/// the first API version and against the one that speaks the second.
/// </summary>
internal sealed class Application(string address, string token, TextWriter output) : IDisposable
{
    private readonly ConcurrentDictionary<int, CancellationTokenSource> _running = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, AnthropicClient> _clients = new()
    {
        ["key"] = new AnthropicClient { BaseUrl = address, ApiKey = token, AuthToken = null },
        ["bearer"] = new AnthropicClient { BaseUrl = address, ApiKey = null, AuthToken = token },
        ["wrong"] = new AnthropicClient { BaseUrl = address, ApiKey = "wrong", AuthToken = null },
    };

    public void Dispose()
    {
        foreach (var client in _clients.Values) client.Dispose();
    }

    public void Abort(int id)
    {
        if (_running.TryGetValue(id, out var control)) control.Cancel();
    }

    /// <summary>Does one thing and tells how it ended; whatever the SDK throws is an answer too.</summary>
    public async Task RunAsync(JsonElement request)
    {
        await Task.Yield();
        var id = request.GetProperty("id").GetInt32();
        using var control = new CancellationTokenSource();
        _running[id] = control;
        try
        {
            var result = await AnswerAsync(new Call(request, Client(request), what => Say(new JsonObject { ["id"] = id, ["seen"] = what }), control.Token));
            Say(new JsonObject { ["id"] = id, ["result"] = result });
        }
#pragma warning disable CA1031 // Which exception the SDK throws is what is asked about.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Say(new JsonObject { ["id"] = id, ["error"] = Failure(e) });
        }
        finally
        {
            _running.TryRemove(id, out _);
        }
    }

    private static Task<JsonObject> AnswerAsync(Call call) => call.Operation switch
    {
        "create" => CreateAsync(call),
        "stream" => StreamAsync(call),
        "events" => EventsAsync(call),
        "count" => CountAsync(call),
        "models" => ModelsAsync(call),
        "model" => ModelAsync(call),
        var other => throw new ArgumentException($"There is no operation '{other}'.", nameof(call)),
    };

    private static async Task<JsonObject> CreateAsync(Call call)
    {
        using var response = await call.Client.WithRawResponse.Messages.Create(MessageCreateParams.FromRawUnchecked(call.Headers, Call.Nothing, call.Body), call.Aborted);
        var message = await response.Deserialize(call.Aborted);
        var headers = new JsonObject();
        foreach (var (name, values) in response.RawMessage.Headers.Concat(response.RawMessage.Content.Headers)) headers[name.ToLowerInvariant()] = string.Join(", ", values);
        return new JsonObject { ["message"] = Checked(message), ["headers"] = headers };
    }

    private static async Task<JsonObject> StreamAsync(Call call)
    {
        var aggregator = new MessageContentAggregator();
        var events = new JsonArray();
        var text = new StringBuilder();
        var thinking = new StringBuilder();
        var seen = new HashSet<string>();
        await foreach (var item in call.Client.Messages.CreateStreaming(MessageCreateParams.FromRawUnchecked(call.Headers, Call.Nothing, call.Body), call.Aborted).CollectAsync(aggregator).WithCancellation(call.Aborted))
        {
            var kind = item.Json.GetProperty("type").GetString()!;
            events.Add(kind);
            if (item.TryPickContentBlockDelta(out var delta))
            {
                if (delta.Delta.TryPickText(out var piece)) text.Append(piece.Text);
                if (delta.Delta.TryPickThinking(out var thought)) thinking.Append(thought.Thinking);
            }

            var told = kind == "content_block_start" ? $"start:{item.Json.GetProperty("content_block").GetProperty("type").GetString()}" : kind;
            if (seen.Add(told)) call.Saw(told);
        }

        return new JsonObject { ["message"] = Checked(aggregator.Message()), ["events"] = events, ["text"] = text.ToString(), ["thinking"] = thinking.ToString() };
    }

    private static async Task<JsonObject> EventsAsync(Call call)
    {
        var events = new JsonArray();
        await foreach (var item in call.Client.Messages.CreateStreaming(MessageCreateParams.FromRawUnchecked(call.Headers, Call.Nothing, call.Body), call.Aborted).WithCancellation(call.Aborted))
        {
            events.Add(JsonNode.Parse(item.Json.GetRawText()));
        }

        return new JsonObject { ["events"] = events };
    }

    // The SDK's own check of a message. A tool call's "caller" came later than the account's API; answers pass byte for byte, so nobody adds it.
    private static JsonNode Checked(Message message)
    {
        var whole = JsonSerializer.SerializeToNode(message)!;
        foreach (var block in whole["content"]!.AsArray().Where(block => block!["type"]!.GetValue<string>() == "tool_use")) block!["caller"] ??= new JsonObject { ["type"] = "direct" };
        whole.Deserialize<Message>()!.Validate();
        return JsonSerializer.SerializeToNode(message)!;
    }

    private static async Task<JsonObject> CountAsync(Call call)
    {
        var count = await call.Client.Messages.CountTokens(MessageCountTokensParams.FromRawUnchecked(call.Headers, Call.Nothing, call.Body), call.Aborted);
        count.Validate();
        return new JsonObject { ["tokens"] = count.InputTokens };
    }

    private static async Task<JsonObject> ModelsAsync(Call call)
    {
        var models = new JsonArray();
        var page = await call.Client.Models.List(ModelListParams.FromRawUnchecked(call.Headers, call.Body), call.Aborted);
        await foreach (var model in page.Paginate(call.Aborted))
        {
            model.Validate();
            models.Add(JsonSerializer.SerializeToNode(model));
        }

        return new JsonObject { ["models"] = models };
    }

    private static async Task<JsonObject> ModelAsync(Call call)
    {
        var model = await call.Client.Models.Retrieve(call.Body["id"].GetString()!, cancellationToken: call.Aborted);
        model.Validate();
        return new JsonObject { ["model"] = JsonSerializer.SerializeToNode(model) };
    }

    private AnthropicClient Client(JsonElement request)
    {
        var options = request.TryGetProperty("options", out var given) ? given : JsonElement.Parse("{}");
        var client = _clients[options.TryGetProperty("credential", out var credential) ? credential.GetString()! : "key"];
        return (AnthropicClient)client.WithOptions(o => o with
        {
            MaxRetries = options.TryGetProperty("maxRetries", out var retries) ? retries.GetInt32() : o.MaxRetries,
            Timeout = options.TryGetProperty("timeout", out var timeout) ? TimeSpan.FromMilliseconds(timeout.GetInt32()) : o.Timeout,
        });
    }

    private static JsonObject Failure(Exception e)
    {
        var said = e as AnthropicApiException;
        JsonNode? body = null;
        try
        {
            body = said is null ? null : JsonNode.Parse(said.ResponseBody);
        }
        catch (JsonException)
        {
            // Not every failure has a body of JSON; the class and the status still say what it is.
        }

        return new JsonObject
        {
            ["class"] = e.GetType().Name,
            ["isApiError"] = said is not null,
            ["status"] = said is null ? null : (int)said.StatusCode,
            ["type"] = body?["error"]?["type"]?.GetValue<string>(),
            ["message"] = e.Message,
            ["requestId"] = body?["request_id"]?.GetValue<string>(),
            ["stack"] = e is AnthropicException or OperationCanceledException ? null : e.ToString(),
        };
    }

    private void Say(JsonObject line)
    {
        lock (_lock)
        {
            output.WriteLine(line.ToJsonString());
            output.Flush();
        }
    }

    /// <param name="Saw">Told of each new kind of event, so that a test can act in the middle of a stream.</param>
    private sealed record Call(JsonElement Request, AnthropicClient Client, Action<string> Saw, CancellationToken Aborted)
    {
        public static readonly IReadOnlyDictionary<string, JsonElement> Nothing = new Dictionary<string, JsonElement>();

        public string Operation => Request.GetProperty("op").GetString()!;

        public Dictionary<string, JsonElement> Body => Request.GetProperty("params").Deserialize<Dictionary<string, JsonElement>>()!;

        public IReadOnlyDictionary<string, JsonElement> Headers =>
            Request.TryGetProperty("options", out var options) && options.TryGetProperty("headers", out var headers) ? headers.Deserialize<Dictionary<string, JsonElement>>()! : Nothing;
    }
}
