using System.Diagnostics;
using System.Diagnostics.Metrics;
using EditorBridge.Gate;
using EditorBridge.Hosting;
using EditorBridge.Messages;

namespace EditorBridge.Telemetry;

/// <summary>
/// Spans and measures in the names of OpenTelemetry's GenAI conventions (status: development; the names of mid 2026). They hold names, counts and ids, and no
/// text of prompts, answers, SQL or results. Nobody listens unless telemetry is switched on, and then this costs next to nothing.
/// </summary>
internal static class GenAiTelemetry
{
    public const string Name = "EditorBridge";

    private const string Provider = "snowflake";

    private static readonly ActivitySource Source = new(Name, HostApplication.Version);
    private static readonly Meter Meter = new(Name, HostApplication.Version);

    // The bounds the conventions ask for.
    private static readonly Histogram<long> Tokens = Meter.CreateHistogram("gen_ai.client.token.usage", "{token}", "Tokens used",
        advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864] });

    private static readonly Histogram<double> Duration = Meter.CreateHistogram("gen_ai.client.operation.duration", "s", "Time from the request to the end of its answer",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92] });

    private static readonly Counter<long> Decisions = Meter.CreateCounter<long>("editorbridge.tool.decisions", "{decision}", "Tool calls by what became of them");

    /// <summary>Begins the span of one request to a model. The client's trace goes on where it sent one; the server's own bookkeeping of HTTP is no part of it.</summary>
    public static Activity? StartChat(HttpRequest http, string callId, string model, string? session)
    {
        if (!Source.HasListeners()) return null;
        Activity.Current = null;
        _ = ActivityContext.TryParse(http.Headers["traceparent"].ToString(), http.Headers["tracestate"].ToString(), isRemote: true, out var parent);
        return Source.StartActivity($"chat {model}", ActivityKind.Client, parent)?
            .SetTag("gen_ai.operation.name", "chat").SetTag("gen_ai.provider.name", Provider).SetTag("gen_ai.request.model", model)
            .SetTag("gen_ai.conversation.id", session).SetTag("editorbridge.call.id", callId);
    }

    /// <summary>Ends it with what the account said of it.</summary>
    /// <param name="error">Null when it went well; else a short name, no text.</param>
    public static void EndChat(Activity? span, string model, TokenUsage usage, string? stopReason, string? messageId, string? requestId, string? error, TimeSpan duration)
    {
        var tags = new TagList { { "gen_ai.operation.name", "chat" }, { "gen_ai.provider.name", Provider }, { "gen_ai.request.model", model } };
        if (usage.Input is not null) Tokens.Record(usage.Prompt, With(tags, "gen_ai.token.type", "input"));
        if (usage.Output is { } output) Tokens.Record(output, With(tags, "gen_ai.token.type", "output"));
        Duration.Record(duration.TotalSeconds, error is null ? tags : With(tags, "error.type", error));
        if (span is null) return;

        // By the conventions the input counts what the cache held as well.
        if (usage.Input is not null) span.SetTag("gen_ai.usage.input_tokens", usage.Prompt);
        span.SetTag("gen_ai.usage.output_tokens", usage.Output)
            .SetTag("gen_ai.usage.cache_read.input_tokens", usage.CacheRead)
            .SetTag("gen_ai.usage.cache_creation.input_tokens", usage.CacheCreation)
            .SetTag("gen_ai.response.id", messageId)
            .SetTag("gen_ai.response.finish_reasons", stopReason is null ? null : new[] { stopReason })
            .SetTag("snowflake.request.id", requestId);
        if (error is not null) span.SetTag("error.type", error).SetStatus(ActivityStatusCode.Error);
    }

    // A copy: the list is a value.
    private static TagList With(TagList tags, string name, string value)
    {
        tags.Add(name, value);
        return tags;
    }

    /// <summary>The span of one tool call, from the question to the gate to its answer.</summary>
    /// <param name="asked">When the gate was asked.</param>
    public static void Answered(ActionRequest request, Admission admission, DateTimeOffset asked)
    {
        var decision = GateEntries.Wirename(admission.Kind);
        Decisions.Add(1, new TagList { { "gen_ai.tool.name", request.Tool }, { "editorbridge.decision", decision }, { "editorbridge.door", GateEntries.Wirename(request.Door) } });
        if (!Source.HasListeners()) return;
        var parent = Activity.Current is { } current && current.Source.Name == Name ? current.Context : default;
        if (parent == default) Activity.Current = null;
        using var span = Source.StartActivity($"execute_tool {request.Tool}", ActivityKind.Internal, parent, startTime: asked);
        span?.SetTag("gen_ai.operation.name", "execute_tool").SetTag("gen_ai.tool.name", request.Tool).SetTag("gen_ai.tool.call.id", request.ToolUseId)
            .SetTag("gen_ai.conversation.id", request.SessionId).SetTag("editorbridge.door", GateEntries.Wirename(request.Door))
            .SetTag("editorbridge.decision", decision).SetTag("editorbridge.reviewed", admission.Person is not null).SetTag("editorbridge.call.id", admission.CallId);
    }
}
