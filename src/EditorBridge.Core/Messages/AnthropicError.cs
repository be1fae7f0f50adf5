using System.Buffers;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>The error types of the Messages API. Wire names stand in <see cref="AnthropicErrors"/>.</summary>
public enum AnthropicErrorType
{
    InvalidRequest,
    Authentication,
    Billing,
    Permission,
    NotFound,
    RequestTooLarge,
    RateLimit,
    Api,
    Timeout,
    Overloaded,
}

/// <summary>An error as a Messages client reads it: the answer's status, its type and a sentence a person can act on.</summary>
/// <param name="Status">HTTP status of the answer to the client.</param>
/// <param name="Message">Cause, what mends it, and what was not done. Never a secret.</param>
public sealed record AnthropicError(int Status, AnthropicErrorType Type, string Message)
{
    /// <summary>Sent as <c>retry-after</c> when it says something.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Sent as <c>x-should-retry</c>: clients obey it above everything else. Null leaves the choice to the client.</summary>
    public bool? ShouldRetry { get; init; }
}

/// <summary>The one place where an <see cref="AnthropicError"/> becomes bytes.</summary>
public static class AnthropicErrors
{
    public static AnthropicError InvalidRequest(string message) => new(400, AnthropicErrorType.InvalidRequest, message) { ShouldRetry = false };

    /// <summary>
    /// A whole request refused by policy or budget. 429 with <c>x-should-retry: false</c> is the only answer Claude Code shows
    /// as it is: it reads 403 as a failed login and repeats a bare 429 ten times.
    /// </summary>
    public static AnthropicError Refused(string message) => new(429, AnthropicErrorType.RateLimit, message) { ShouldRetry = false };

    public static string WireName(AnthropicErrorType type) => type switch
    {
        AnthropicErrorType.InvalidRequest => "invalid_request_error",
        AnthropicErrorType.Authentication => "authentication_error",
        AnthropicErrorType.Billing => "billing_error",
        AnthropicErrorType.Permission => "permission_error",
        AnthropicErrorType.NotFound => "not_found_error",
        AnthropicErrorType.RequestTooLarge => "request_too_large",
        AnthropicErrorType.RateLimit => "rate_limit_error",
        AnthropicErrorType.Api => "api_error",
        AnthropicErrorType.Timeout => "timeout_error",
        AnthropicErrorType.Overloaded => "overloaded_error",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "An error type without a wire name."),
    };

    /// <summary>The error body: <c>{"type":"error","error":{"type","message"},"request_id"}</c>.</summary>
    public static byte[] Write(AnthropicError error, string? requestId)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, WireJson.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "error"u8);
            json.WriteStartObject("error"u8);
            json.WriteString("type"u8, WireName(error.Type));
            json.WriteString("message"u8, error.Message);
            json.WriteEndObject();
            if (requestId is not null)
            {
                json.WriteString("request_id"u8, requestId);
            }
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The same error as the last frame of a stream whose 200 has already been sent.</summary>
    public static byte[] WriteFrame(AnthropicError error, string? requestId) => SseFrames.Write("error"u8, Write(error, requestId));
}
