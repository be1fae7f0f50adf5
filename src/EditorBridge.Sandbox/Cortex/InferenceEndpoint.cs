using System.Security.Cryptography;
using System.Text;
using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Faults;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Script;
using EditorBridge.Sandbox.Usage;

namespace EditorBridge.Sandbox.Cortex;

/// <summary>
/// Every inference path, whatever its dialect.
/// <code>
///   1 credential → 2 body → 3 rules → 4 the model's turn → 5 a fault instead of the answer? → 6 usage row → 7 stream or message
/// </code>
/// </summary>
internal sealed class InferenceEndpoint(
    Dialect dialect, SandboxAccount account, PromptCache cache, FaultDesk faults, FaultPlayer player)
{
    /// <summary>Set on the AI Gateway's paths, which keep their own usage view.</summary>
    public bool ByGateway { get; init; }

    public async Task HandleAsync(HttpContext context)
    {
        var clock = account.Options.Clock;
        var started = clock.GetUtcNow();

        // 1
        var (identity, denied) = account.Bearer.Identify(context);
        if (denied is not null)
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
        if ((NotAuthorized(identity!) ?? dialect.Refusal(context.Request, body) ?? NotOffered(identity!, body.Text("model")!)) is { } refusal)
        {
            await refusal.WriteAsync(context);
            return;
        }

        // 4
        var conversation = dialect.Conversation(body);
        var turn = ScriptedModel.Answer(conversation);
        var (fault, mistake) = faults.For(
            context.Request.Headers[FaultDesk.Header], turn.Fault, conversation.AnswerSchema is null ? conversation.Prompt : "", Scope(conversation));
        if (mistake is not null)
        {
            await SnowflakeError.InvalidRequest(mistake).WriteAsync(context);
            return;
        }

        // 5
        if (await player.PlayBeforeAnswerAsync(context, fault, dialect.MaxTokens(body), body.Text("model")))
        {
            return;
        }

        // 6
        var model = body.Text("model")!;
        var counted = cache.Use(model, [.. PromptSegments.Of(body)]);
        var finished = FinishedTurn.Of(turn, dialect.MaxTokens(body), dialect.StopSequences(body), counted);
        account.Usage.Add(new InferenceRow(
            RequestMark.IdOf(context), started, clock.GetUtcNow(), model, finished.Usage, identity!.UserName, identity.Role, ByGateway, account.Rights.Region));

        // 7
        if (dialect.WantsStream(body) && fault?.Fault is not Fault.JsonInStream)
        {
            var events = turn.Events ?? dialect.Stream(body, finished, turn.Pacing, emptyRole: fault?.Fault is Fault.RoleEmpty);
            var failure = dialect.Failure(RequestMark.IdOf(context));
            await player.PlayStreamAsync(new SseWriter(context, turn.Pacing, clock), [.. events], failure, fault?.Fault, turn.FaultAfter, context);
        }
        else
        {
            await Task.Delay(turn.Pacing.Delay, clock, context.RequestAborted);
            await SandboxJson.WriteAsync(context, 200, writer => dialect.WriteMessage(writer, body, finished));
        }
    }

    private SnowflakeError? NotAuthorized(Identity identity) => account.Rights.MayCall(identity.Role) ? null : new SnowflakeError(403, "Not Authorized");

    /// <summary>A model that the role may not use, or that is not available in the region, is as good as unknown.</summary>
    private SnowflakeError? NotOffered(Identity identity, string model) => ModelsEndpoint.IsOffered(account.Rights, identity, ModelCatalog.Find(model)!)
        ? null
        : new SnowflakeError(400, $"unknown model {model}");

    private static string Scope(Conversation conversation) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{conversation.TurnsSincePrompt}\n{conversation.Prompt}")));
}
