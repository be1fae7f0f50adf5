using System.Globalization;
using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary><c>POST /v1/messages/count_tokens</c>, answered here: the account has no such endpoint, and clients ask dozens of times a second.</summary>
internal static class CountTokensEndpoint
{
    public static async Task<IResult> AnswerAsync(HttpContext context, TokenCounts counts)
    {
        var (body, problem) = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (problem is null && MessagesRequest.TryParseCount(body, out var request, out problem))
        {
            var (tokens, calibration) = counts.Count(request);
            context.Response.Headers["x-editorbridge-estimate"] = string.Create(CultureInfo.InvariantCulture, $"mean-error={calibration.MeanError:0.000}; samples={calibration.Samples}");
            return Results.Json(new { input_tokens = tokens });
        }

        return Results.Text(AnthropicErrors.Write(problem!, requestId: null), "application/json", problem!.Status);
    }
}
