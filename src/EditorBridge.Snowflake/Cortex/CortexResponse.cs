using System.Collections.Immutable;
using EditorBridge.Messages;

namespace EditorBridge.Snowflake;

/// <summary>One request that left for the account; what reconciliation matches later.</summary>
/// <param name="Status">HTTP status, 0 when no answer came.</param>
/// <param name="RequestId">Snowflake's id of the request.</param>
/// <param name="Cause">Why it failed, or null.</param>
public sealed record CortexAttempt(int Number, DateTimeOffset StartedAt, TimeSpan Duration, int Status, string? RequestId, UpstreamCause? Cause);

/// <summary>The account's answer. Exactly one of <see cref="Stream"/>, <see cref="Message"/> and <see cref="Failure"/> is there.</summary>
public sealed class CortexResponse : IAsyncDisposable
{
    private readonly IDisposable? _owner;

    internal CortexResponse(ImmutableArray<CortexAttempt> attempts, IDisposable? owner)
    {
        Attempts = attempts;
        _owner = owner;
    }

    /// <summary>The account's status, 0 when no answer came.</summary>
    public int Status { get; internal init; }

    /// <summary>Snowflake's id of the request that was answered.</summary>
    public string? RequestId { get; internal init; }

    public string? ContentType { get; internal init; }

    /// <summary>An event stream, from its first byte. Reading throws <see cref="UpstreamStreamException"/> when it stalls or breaks.</summary>
    public Stream? Stream { get; internal init; }

    /// <summary>A whole answer, its bytes as they came.</summary>
    public ReadOnlyMemory<byte>? Message { get; internal init; }

    public UpstreamFailure? Failure { get; internal init; }

    /// <summary>Every request that was made for this answer, in order.</summary>
    public ImmutableArray<CortexAttempt> Attempts { get; }

    public async ValueTask DisposeAsync()
    {
        if (Stream is not null)
        {
            await Stream.DisposeAsync();
        }
        _owner?.Dispose();
    }
}

/// <summary>A stream stalled or broke after it had begun.</summary>
public sealed class UpstreamStreamException(UpstreamFailure failure, Exception? innerException) : IOException(failure.Error.Message, innerException)
{
    public UpstreamFailure Failure { get; } = failure;
}
