using System.Text.Json;
using EditorBridge.Sandbox.Cortex;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Faults;

/// <summary>Plays a fault: instead of an answer, or inside a stream.</summary>
internal sealed class FaultPlayer(StaleConnections stale, SandboxOptions options)
{
    private const string HtmlPage =
        "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>sandbox</center></body></html>";

    /// <returns>True when the fault was the whole answer.</returns>
    public async Task<bool> PlayBeforeAnswerAsync(HttpContext context, FaultEntry? fault, int? maxTokens, string? model)
    {
        switch (fault?.Fault)
        {
            case null:
                return false;
            case Fault.GoAway:
                context.Abort();
                return true;
            case Fault.StaleKeepAlive:
                stale.Mark(context.Connection.Id);
                return false;
            case Fault.SessionExpired200:
                await SandboxJson.WriteAsync(context, 200, SessionExpired);
                return true;
            case Fault.HtmlError:
                context.Response.StatusCode = 502;
                context.Response.ContentType = "text/html";
                await context.Response.WriteAsync(HtmlPage, context.RequestAborted);
                return true;
            case Fault.EmptyError:
                context.Response.StatusCode = 503;
                return true;
            case Fault.MaxTokensExceeded when maxTokens <= FaultCatalog.MaxOutputTokens:
                return false;
            case Fault.UnknownModel:
                await new SnowflakeError(400, $"unknown model {model}").WriteAsync(context);
                return true;
            default:
                if (fault.Answer is { } answer)
                {
                    await answer.WriteAsync(context);
                }

                return fault.Answer is not null;
        }
    }

    /// <summary>Writes the events with the stream's fault, if any, at its place.</summary>
    /// <param name="failure">How this dialect reports a failure inside a stream.</param>
    /// <param name="after">How many events come before the fault; null for half of them.</param>
    public async Task PlayStreamAsync(SseWriter writer, IReadOnlyList<SseEvent> events, SseEvent failure, Fault? fault, int? after, HttpContext context)
    {
        try
        {
            await writer.StartAsync();
            var before = Math.Clamp(after ?? (fault is Fault.Silent ? 1 : events.Count / 2), 0, events.Count - 1);
            switch (fault)
            {
                case Fault.EmptyStop:
                    await WriteAllAsync(writer, [events[0], events[^1]]);
                    break;
                case Fault.MidStreamError:
                    await WriteAllAsync(writer, [.. events.Take(before), failure]);
                    break;
                case Fault.MidStreamSnowflakeError:
                    await WriteAllAsync(writer, [.. events.Take(before), new SseEvent(null, """{"error":{"message":"inference failed","code":"500"}}"""u8.ToArray())]);
                    break;
                case Fault.Truncate:
                    await WriteAllAsync(writer, events.Take(before));
                    await writer.CutAsync(events[before]);
                    break;
                case Fault.NoMessageStop:
                    await WriteAllAsync(writer, events.Take(events.Count - 2));
                    break;
                case Fault.Silent:
                    await WriteAllAsync(writer, events.Take(before));
                    await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
                    break;
                case Fault.Slow:
                    await WriteSlowlyAsync(writer, events, context.RequestAborted);
                    break;
                default:
                    await WriteAllAsync(writer, events);
                    break;
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Either side hung up; the frame around every request has noted it.
        }
    }

    private async Task WriteSlowlyAsync(SseWriter writer, IReadOnlyList<SseEvent> events, CancellationToken cancellationToken)
    {
        // Gaps between every two events would make even a short answer last minutes; three gaps show the same thing.
        var every = Math.Max(1, events.Count / 3);
        for (var index = 0; index < events.Count; index++)
        {
            if (index > 0 && index % every == 0)
            {
                await Task.Delay(options.SlowGap / 2, options.Clock, cancellationToken);
                await writer.WriteAsync(SseEvent.Of("ping", _ => { }));
                await Task.Delay(options.SlowGap / 2, options.Clock, cancellationToken);
            }

            await writer.WriteAsync(events[index]);
        }
    }

    private static async Task WriteAllAsync(SseWriter writer, IEnumerable<SseEvent> events)
    {
        foreach (var item in events)
        {
            await writer.WriteAsync(item);
        }
    }

    private static void SessionExpired(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("code", "390112");
        writer.WriteString("message", "Your session has expired. Please login again.");
        writer.WriteBoolean("success", false);
        writer.WriteNull("data");
        writer.WriteEndObject();
    }
}
