using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Messages;
using Microsoft.AspNetCore.Http.Features;

namespace EditorBridge.Editor;

/// <summary>
/// The account's models for an editor's own chat. A question takes the way of every other (F1): the Messages endpoint, called in this
/// process, so that it is recorded, and a tool the model wants to use waits for its admission like any client's.
/// </summary>
/// <param name="messages">Answers <c>POST /v1/messages</c>.</param>
/// <param name="models">The models the account offers, by its names.</param>
internal sealed class EditorChat(RequestDelegate messages, Func<CancellationToken, Task<ImmutableArray<string>>> models)
{
    /// <summary>Every row of the account's own table of limits says so.</summary>
    private const int MostOutput = 16_384;

    // The account's list names models and says nothing of them. The smallest window of each line, so that a chat never plans with room it has not got.
    private const int ClaudeWindow = 200_000;
    private const int OtherWindow = 100_000;

    /// <exception cref="EditorBridge.Snowflake.CortexException">The account did not answer with a list.</exception>
    public async Task<ChatModelsResult> ModelsAsync(CancellationToken cancellationToken) => new([.. (await models(cancellationToken)).Select(ModelOf)]);

    /// <summary>Asks a model and tells each part of its answer as it comes.</summary>
    /// <param name="session">Groups the questions of one window in the record.</param>
    /// <exception cref="ChatException">Nobody answered, or not to the end; the message is for people.</exception>
    public async Task<ChatAnswer> AskAsync(ChatParams asked, string client, string session, Func<ChatContentView, Task> tell, CancellationToken cancellationToken)
    {
        var body = Body(asked);
        var pipe = new Pipe();
        using var given = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var context = new DefaultHttpContext { RequestAborted = given.Token };
        context.Request.Method = HttpMethods.Post;
        context.Request.Path = "/v1/messages";
        context.Request.Body = new MemoryStream(body);
        context.Request.ContentLength = body.Length;
        context.Request.Headers.UserAgent = client;
        context.Request.Headers["anthropic-version"] = "2023-06-01";
        context.Request.Headers["x-claude-code-session-id"] = session;
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(pipe.Writer.AsStream()));
        var answering = AnswerAsync(context, pipe.Writer);
        var answer = new ChatAnswerReader(tell);
        try
        {
            await answer.ReadAsync(pipe.Reader.AsStream(), cancellationToken);
        }
        catch
        {
            // As when a client goes away: the endpoint stops the account and records how it ended.
            await given.CancelAsync();
            await Task.WhenAny(answering);
            throw;
        }

        await answering;
        if (context.Response.StatusCode != StatusCodes.Status200OK) throw new ChatException(answer.Refusal ?? $"The question was refused with {context.Response.StatusCode}.");
        return answer.End();
    }

    /// <summary>An estimate: the account counts no tokens beforehand.</summary>
    public static CountResult Count(CountParams counted) => new(TokenEstimator.CountText(Encoding.UTF8.GetBytes(counted.Text)));

    private async Task AnswerAsync(HttpContext context, PipeWriter written)
    {
        // Whatever happened, the reader must learn that no more comes.
        try
        {
            await messages(context);
            await context.Response.CompleteAsync();
        }
        finally
        {
            await written.CompleteAsync();
        }
    }

    private static ChatModelView ModelOf(string id)
    {
        var claude = ModelNames.IsClaude(id);
        return new ChatModelView(id, id, id.Split('-')[0], (claude ? ClaudeWindow : OtherWindow) - MostOutput, MostOutput, Images: claude, Tools: claude || id.StartsWith("openai-", StringComparison.Ordinal));
    }

    private static byte[] Body(ChatParams asked)
    {
        var body = new JsonObject
        {
            ["model"] = asked.Model,
            ["max_tokens"] = MostOutput,
            ["stream"] = true,
            ["messages"] = new JsonArray([.. asked.Messages.Select(message => new JsonObject
            {
                ["role"] = message.Role == "assistant" ? "assistant" : "user",
                ["content"] = new JsonArray([.. message.Content.Select(BlockOf)]),
            })]),
        };
        if (asked.Tools.Length > 0)
        {
            body["tools"] = new JsonArray([.. asked.Tools.Select(tool => new JsonObject { ["name"] = tool.Name, ["description"] = tool.Description, ["input_schema"] = Parsed(tool.Schema) })]);
            if (asked.ToolRequired) body["tool_choice"] = new JsonObject { ["type"] = "any" };
        }

        return JsonSerializer.SerializeToUtf8Bytes(body);
    }

    private static JsonObject BlockOf(ChatContentView part) => part.Kind switch
    {
        "text" => new JsonObject { ["type"] = "text", ["text"] = part.Text },
        "toolUse" => new JsonObject { ["type"] = "tool_use", ["id"] = part.Id, ["name"] = part.Name, ["input"] = Parsed(part.Data) },
        "toolResult" => new JsonObject { ["type"] = "tool_result", ["tool_use_id"] = part.Id, ["content"] = part.Text },
        "image" => new JsonObject { ["type"] = "image", ["source"] = new JsonObject { ["type"] = "base64", ["media_type"] = part.Name, ["data"] = part.Data } },
        _ => throw new ChatException($"A part of a message is text, toolUse, toolResult or image, and not '{part.Kind}'. Nothing was sent to the account."),
    };

    private static JsonObject Parsed(string? json)
    {
        try
        {
            return string.IsNullOrWhiteSpace(json) ? [] : JsonNode.Parse(json) as JsonObject ?? [];
        }
        catch (JsonException e)
        {
            throw new ChatException($"The chat sent JSON that is none: {e.Message} Nothing was sent to the account.");
        }
    }
}

/// <summary>A chat's question was not answered. The message names the cause and what mends it.</summary>
internal sealed class ChatException(string message) : Exception(message);
