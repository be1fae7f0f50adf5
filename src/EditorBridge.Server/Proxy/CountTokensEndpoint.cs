using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary><c>POST /v1/messages/count_tokens</c>, answered here: the account has no such endpoint, and clients ask dozens of times a second.</summary>
internal static class CountTokensEndpoint
{
    // Text and JSON of English and SQL come to about four bytes a token.
    private const int BytesPerToken = 4;

    public static async Task<IResult> AnswerAsync(HttpContext context)
    {
        var (body, problem) = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (problem is null && MessagesRequest.TryParseCount(body, out var request, out problem))
            return Results.Json(new { input_tokens = (request.Body.Length + BytesPerToken - 1) / BytesPerToken });
        return Results.Text(AnthropicErrors.Write(problem!, requestId: null), "application/json", problem!.Status);
    }
}
