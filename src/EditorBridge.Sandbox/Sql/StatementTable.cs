using System.Security.Cryptography;

namespace EditorBridge.Sandbox.Sql;

/// <summary>A statement the SQL API took: running, finished, failed or cancelled.</summary>
/// <param name="ShowNulls">False when the caller asked for the text <c>null</c> in the place of SQL NULL.</param>
internal sealed record SubmittedStatement(string Handle, string RequestId, string Owner, DateTimeOffset CreatedOn, bool ShowNulls, int TimeoutSeconds)
{
    /// <summary>Fails with <see cref="SqlException"/> only.</summary>
    public required Task<StatementResult> Completion { get; init; }

    public required CancellationTokenSource Cancellation { get; init; }

    /// <summary>Handles of the statements a multi-statement request consists of, in order.</summary>
    public IReadOnlyList<string> Children { get; init; } = [];

    public string StatusUrl => $"/api/v2/statements/{Handle}?requestId={RequestId}";
}

/// <summary>Every statement by its handle, for 24 hours.</summary>
internal sealed class StatementTable(TimeProvider clock)
{
    private static readonly TimeSpan Retention = TimeSpan.FromHours(24);
    private readonly Dictionary<string, SubmittedStatement> _byHandle = [];
    private readonly Lock _lock = new();

    public static string NewHandle()
    {
        var random = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        return $"01b{random[..5]}-{random[5..9]}-{random[9..13]}-0000-{random[13..25]}";
    }

    public void Add(SubmittedStatement statement)
    {
        lock (_lock)
        {
            _byHandle[statement.Handle] = statement;
        }
    }

    /// <returns>Null when there is no such statement of this user, or it is too old.</returns>
    public SubmittedStatement? Find(string handle, string owner)
    {
        lock (_lock)
        {
            return _byHandle.TryGetValue(handle, out var statement) && statement.Owner == owner && !IsOld(statement) ? statement : null;
        }
    }

    /// <summary>The first submission with this request id, for a caller that retries without knowing whether the first one arrived.</summary>
    public SubmittedStatement? FindRequest(string requestId, string owner)
    {
        lock (_lock)
        {
            return _byHandle.Values.FirstOrDefault(statement => statement.RequestId == requestId && statement.Owner == owner && !IsOld(statement));
        }
    }

    private bool IsOld(SubmittedStatement statement) => clock.GetUtcNow() - statement.CreatedOn > Retention;
}
