using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using EditorBridge.Mcp.Upstreams;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp;

/// <summary>Something a server asked of the client during a call.</summary>
/// <param name="Method">As the server wrote it, cut to a length.</param>
/// <param name="Refused">Why the client was not asked; null when it was.</param>
internal sealed record AskedOfClient(string Method, string? Refused);

/// <summary>
/// One call at a server on behalf of a client, whatever revision either speaks. The call runs by itself; a client of 2026-07-28 meets it in one or more requests, because
/// it is asked by an answer (<c>input_required</c>) and comes back with another request.
/// <code>
///  client \ server    2026-07-28                                    2025-11-25
///  2026-07-28         its question → our answer, under our handle   its request waits here; the client's next request answers it
///  2025-11-25         its question → our request → asked again      its request → our request
/// </code>
/// </summary>
#pragma warning disable CA1001 // Its source of cancellation has neither timer nor wait handle, and may be asked for after the call has ended.
internal sealed class BridgedCall : IParked
#pragma warning restore CA1001
{
    private const int MostRounds = 10;

    /// <summary>W3C trace context, which has one form and no room in it.</summary>
    private const string Trace = "traceparent";
    private const int MostNoted = 20;

    /// <summary>Questions a server may put during one call; a person who is asked without end answers without reading.</summary>
    private const int MostQuestions = 50;
    private const int LongestName = 64;

    private static readonly FrozenSet<string> Secrets = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "password", "passwd", "passphrase", "secret", "clientsecret", "apikey", "apitoken", "accesstoken", "authtoken", "accesskey", "secretkey", "privatekey", "cardnumber", "creditcard", "cvv", "cvc", "pin");

    private readonly Upstream _upstream;
    private readonly string _method;
    private readonly JsonObject _parameters;
    private readonly Tool? _tool;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<IReadOnlyList<Question>> _questions = Channel.CreateUnbounded<IReadOnlyList<Question>>();
    private readonly UpstreamCall _call;
    private readonly Func<JsonObject, Task<string?>> _sampling;
    private readonly Func<string, string?> _answered;
    private readonly ConcurrentQueue<AskedOfClient> _asked = new();
    private volatile GatewayClient _client;
    private IReadOnlyList<Question> _open = [];
    private int _questionsAsked;
    private Task<JsonRpcMessageWithId> _run = Task.FromResult<JsonRpcMessageWithId>(GatewayAnswer.Error(GatewayAnswer.InternalError, "The call was not begun."));

    /// <param name="parameters">As the client sent them, with the server's own name of the tool or prompt.</param>
    /// <param name="sampling">Looks into what the client's model is to be given, before it is: why it is not, or null.</param>
    /// <param name="answered">Looks into what a person or a model has answered, before the server gets it: why it does not, or null.</param>
    public BridgedCall(Upstream upstream, GatewayClient client, string method, JsonObject parameters, Tool? tool, Func<JsonObject, Task<string?>> sampling, Func<string, string?> answered)
    {
        (_upstream, _client, _method, _tool, _sampling, _answered) = (upstream, client, method, tool, sampling, answered);
        _parameters = Judged(WithoutProtocol(parameters), upstream.Settings.Trusted);
        _call = new UpstreamCall
        {
            Client = client.Key,
            Notified = notification => _client.RelayAsync(notification),
            Asked = async (request, cancellationToken) => (await AskAsync([new Question("question", request.Method, request.Params as JsonObject)], cancellationToken))[0],
        };
    }

    /// <summary>What the server asked of the client so far, in its order.</summary>
    public IReadOnlyCollection<AskedOfClient> Asked => _asked;

    /// <summary>Sends the call to the server. It goes on when the client's request ends with a question.</summary>
    /// <param name="finish">What is done with the end of it, whoever waits: it is recorded.</param>
    public void Begin(Func<Task<JsonRpcMessageWithId>, Task<JsonRpcMessageWithId>> finish) => _run = finish(RunAsync());

    /// <summary>What the client's request is answered with: the end of the call, or questions first.</summary>
    /// <param name="client">The client in its present request.</param>
    /// <param name="handle">Makes the handle the client comes back with.</param>
    public async Task<JsonRpcMessageWithId> NextAsync(GatewayClient client, Func<string> handle, CancellationToken cancellationToken)
    {
        _client = client;
        try
        {
            var asked = _questions.Reader.WaitToReadAsync(cancellationToken).AsTask();
            if (await Task.WhenAny(_run, asked) == _run) return await _run;
            await asked;
            _open = await _questions.Reader.ReadAsync(cancellationToken);
            return Questions(handle());
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await StopAsync();
            throw;
        }
    }

    /// <summary>The client has come back with answers. Without all of them it is asked again.</summary>
    public async Task<JsonRpcMessageWithId> ResumeAsync(GatewayClient client, JsonObject? answers, Func<string> handle, CancellationToken cancellationToken)
    {
        if (_open.Any(q => answers?[q.Key] is not JsonObject)) return Questions(handle());
        foreach (var question in _open) question.Answer.TrySetResult(GatewayAnswer.Result((JsonObject)answers![question.Key]!.DeepClone()));
        _open = [];
        return await NextAsync(client, handle, cancellationToken);
    }

    /// <summary>Gives the call up: the server is told, and what was asked stays unanswered.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        foreach (var question in _open) question.Answer.TrySetCanceled(CancellationToken.None);
    }

    private async Task<JsonRpcMessageWithId> RunAsync()
    {
        var parameters = _parameters;
        for (var round = 0; round < MostRounds; round++)
        {
            var answer = await _upstream.CallAsync(_method, parameters, _client.For(_upstream.Settings), _tool, _call, _stop.Token);
            if (!GatewayAnswer.IsInputRequired(answer)) return answer;
            var result = (JsonObject)((JsonRpcResponse)answer).Result!;
            parameters = (JsonObject)_parameters.DeepClone();
            if (result["requestState"] is { } state) parameters["requestState"] = state.DeepClone();
            if (result["inputRequests"] is not JsonObject { Count: > 0 } wanted) continue;

            Question[] questions = [.. wanted.Select(q => new Question(q.Key, q.Value.Member("method").Text() ?? "", q.Value.Member("params") as JsonObject))];
            var given = await AskAsync(questions, _stop.Token);
            // The call ends here; an error of the protocol would read to the client as if the tool itself were not there.
            if (given.OfType<JsonRpcError>().FirstOrDefault() is { } refused) throw new UpstreamException(refused.Error.Message);
            parameters["inputResponses"] = new JsonObject(questions.Select((q, i) => KeyValuePair.Create(q.Key, ((JsonRpcResponse)given[i]).Result?.DeepClone())));
        }

        throw new UpstreamException($"{_upstream.Settings.Name} asked {MostRounds} times in a row without an end, so the call was given up.");
    }

    private async Task<JsonRpcMessageWithId[]> AskAsync(IReadOnlyList<Question> questions, CancellationToken cancellationToken)
    {
        string? refusal = null;
        foreach (var question in questions)
        {
            var refused = Refused(question) ?? (question is { Method: "sampling/createMessage", Parameters: { } sample } ? await _sampling(sample) : null);
            if (_asked.Count < MostNoted) _asked.Enqueue(new AskedOfClient(Short(question.Method), refused));
            refusal ??= refused;
        }

        if (refusal is not null) return [.. questions.Select(_ => GatewayAnswer.Error(GatewayAnswer.MethodNotFound, refusal))];
        Question[] shown = [.. questions.Select(Signed)];
        var client = _client;
        if (client.IsModern) await _questions.Writer.WriteAsync(shown, cancellationToken);
        var answers = await Task.WhenAll(shown.Select(q => client.IsModern ? q.Answer.Task.WaitAsync(cancellationToken) : client.AskAsync(q.Method, q.Parameters, cancellationToken)));
        return [.. answers.Select((answer, i) => PassedOn(shown[i], answer))];
    }

    // An answer goes to the server without passing the gate, and nobody knows whether a person wrote it. A folder is no secret to whom roots are allowed.
    private JsonRpcMessageWithId PassedOn(Question question, JsonRpcMessageWithId answer)
    {
        if (question.Method == "roots/list" || answer is not JsonRpcResponse { Result: { } result } || Texts(result).Select(_answered).FirstOrDefault(refused => refused is not null) is not { } refused) return answer;
        if (_asked.Count < MostNoted) _asked.Enqueue(new AskedOfClient(Short(question.Method), refused));
        return GatewayAnswer.Error(GatewayAnswer.InternalError, refused);
    }

    // Each by itself: the same form filled in twice has the same frame.
    private static IEnumerable<string> Texts(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(member => Texts(member.Value)),
        JsonArray items => items.SelectMany(Texts),
        JsonValue value when value.TryGetValue(out string? text) => [text],
        _ => [],
    };

    // Policy and the client's own word decide alike for both revisions.
    private string? Refused(Question question)
    {
        if (Interlocked.Increment(ref _questionsAsked) > MostQuestions) return $"'{_upstream.Settings.Name}' has asked {MostQuestions} times during this call, and no more is passed on.";
        if (question.Parameters is { } asked && !UpstreamLists.HasOneReading(asked)) return "The question names a member twice, and which of the two would be read is not known.";
        ClientFeature? feature = question.Method switch
        {
            "elicitation/create" => ClientFeature.Elicitation,
            "sampling/createMessage" => ClientFeature.Sampling,
            "roots/list" => ClientFeature.Roots,
            _ => null,
        };
        if (feature is not { } known) return $"'{Short(question.Method)}' is not passed on to clients.";
        if (!_upstream.Settings.Allows.Contains(known)) return $"{known} is not allowed to the server '{_upstream.Settings.Name}'. To allow it, add \"{GatewayClient.WireName(known)}\" to its 'allow' in mcp.json.";
        if (!_client.Can(known)) return $"The client does not support {GatewayClient.WireName(known)}.";
        if (known != ClientFeature.Elicitation) return null;
        if (question.Parameters?["url"] is JsonValue url && !(Uri.TryCreate(url.ToString(), UriKind.Absolute, out var address) && address.Scheme is "http" or "https")) return "Only http and https addresses are shown to a person.";
        return SecretWanted(question.Parameters?["requestedSchema"]) is { } secret
            ? $"A form may not ask for a secret ('{secret}'). A server that needs one leads the person to an address of its own (mode \"url\")."
            : null;
    }

    // Specification, elicitation: what is typed into a form passes through the client, and often the model.
    private static string? SecretWanted(JsonNode? schema) => schema.Member("properties") is JsonObject fields
        ? fields.FirstOrDefault(field => field.Value.Member("format").Text() == "password" || Secrets.Contains(new string([.. field.Key.Where(char.IsLetter)]))).Key is { } name
            ? Short(name)
            : null
        : null;

    private static string Short(string name) => Cli.TerminalText.Line(name[..Math.Min(name.Length, LongestName)]);

    // The client shows the question as the gateway's; the person has to see whose it is.
    private Question Signed(Question question)
    {
        if (question.Method != "elicitation/create" || question.Parameters is null) return question;
        var parameters = (JsonObject)question.Parameters.DeepClone();
        parameters["message"] = $"{_upstream.Settings.Name} asks: {parameters["message"]}";
        return question with { Parameters = parameters };
    }

    private JsonRpcResponse Questions(string handle) => GatewayAnswer.InputRequired(
        new JsonObject(_open.Select(q => KeyValuePair.Create(q.Key, (JsonNode?)new JsonObject { ["method"] = q.Method, ["params"] = q.Parameters?.DeepClone() ?? new JsonObject() }))), handle);

    // What belongs to the hop between client and gateway does not travel further; the rest of _meta does. Answers to questions that were never asked least of all:
    // the server would take them for the person's.
    private static JsonObject WithoutProtocol(JsonObject parameters)
    {
        var clean = (JsonObject)parameters.DeepClone();
        clean.Remove("inputResponses");
        clean.Remove("requestState");
        if (clean["_meta"] is not JsonObject meta) return clean;
        foreach (var key in new[] { MetaKeys.ProtocolVersion, MetaKeys.ClientInfo, MetaKeys.ClientCapabilities, MetaKeys.LogLevel, "progressToken" }) meta.Remove(key);
        return clean;
    }

    // What the gate has seen, and nothing beside it: any other member could carry something to a server nobody vouches for.
    private static JsonObject Judged(JsonObject parameters, bool trusted)
    {
        if (trusted) return parameters;
        foreach (var key in parameters.Select(member => member.Key).Except(["name", "arguments", "uri", "_meta"]).ToArray()) parameters.Remove(key);
        if (parameters["_meta"] is not JsonObject meta) parameters.Remove("_meta");
        else foreach (var key in meta.Select(member => member.Key).Where(key => key != Trace || !ActivityContext.TryParse(meta[key]?.ToString(), null, out _)).ToArray()) meta.Remove(key);
        return parameters;
    }

    private sealed record Question(string Key, string Method, JsonObject? Parameters)
    {
        public TaskCompletionSource<JsonRpcMessageWithId> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
