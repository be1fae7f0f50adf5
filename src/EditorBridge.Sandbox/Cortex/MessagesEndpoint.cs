using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Faults;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Script;

namespace EditorBridge.Sandbox.Cortex;

/// <summary>
/// <c>POST /api/v2/cortex/v1/messages</c>, Anthropic's format for Claude models.
/// <code>
///   1 credential → 2 body → 3 rules → 4 the model's turn → 5 fault before the answer? → 6 usage → 7 stream or message
/// </code>
/// </summary>
internal sealed class MessagesEndpoint(
    BearerCheck bearer, PromptCache cache, FaultDesk faults, FaultPlayer player, SandboxOptions options)
{
    public async Task HandleAsync(HttpContext context)
    {
        // 1
        if (bearer.Identify(context) is { Error: { } denied })
        {
            await denied.WriteAsync(context);
            return;
        }

        // 2
        var (body, unreadable) = await RequestBody.ReadAsync(context, RequestBody.CortexLimit);
        if (unreadable is not null)
        {
            await unreadable.WriteAsync(context);
            return;
        }

        // 3
        if (MessagesRules.Refusal(context.Request.Headers, context.Request.QueryString, body) is { } refusal)
        {
            await refusal.WriteAsync(context);
            return;
        }

        // 4
        var conversation = MessagesRequest.Conversation(body);
        var turn = ScriptedModel.Answer(conversation);
        var (fault, mistake) = faults.For(
            context.Request.Headers[FaultDesk.Header], turn.Fault, conversation.AnswerSchema is null ? conversation.Prompt : "", Scope(conversation));
        if (mistake is not null)
        {
            await SnowflakeError.InvalidRequest(mistake).WriteAsync(context);
            return;
        }

        // 5
        if (await player.PlayBeforeAnswerAsync(context, fault, body))
        {
            return;
        }

        // 6
        var model = body.Text("model")!;
        var finished = FinishedTurn.Of(turn, body, cache.Use(model, [.. PromptSegments.Of(body)]));

        // 7
        if (body.Bool("stream") is true && fault?.Fault is not Fault.JsonInStream)
        {
            var events = MessagesEvents.Stream(model, finished, turn.Pacing);
            await player.PlayStreamAsync(new SseWriter(context, turn.Pacing, options.Clock), [.. events], fault?.Fault, turn.FaultAfter, context);
        }
        else
        {
            await SandboxJson.WriteAsync(context, 200, writer => MessagesEvents.WriteMessage(writer, model, finished));
        }
    }

    private static string Scope(Conversation conversation) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{conversation.TurnsSincePrompt}\n{conversation.Prompt}")));
}
