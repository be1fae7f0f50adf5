using System.Collections.Immutable;

namespace EditorBridge.Snowflake;

/// <summary>One statement for the account, with everything it runs under. Each call is a session of its own.</summary>
public sealed record SqlStatement
{
    /// <summary>Exactly one statement; the account is told how many it gets and refuses one more.</summary>
    public required string Text { get; init; }

    /// <summary>Makes sending it again harmless: the account answers with the first execution's result.</summary>
    public required Guid RequestId { get; init; }

    /// <summary>Names are case-sensitive here: an unquoted name must be given in upper case.</summary>
    public string? Database { get; init; }
    public string? Schema { get; init; }
    public string? Warehouse { get; init; }
    public string? Role { get; init; }

    /// <summary>Stands in QUERY_HISTORY; at most 2000 characters.</summary>
    public string? QueryTag { get; init; }

    /// <summary>After this the account cancels it. Null leaves the account's own limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>
    /// Runs with the role alone. Where the user's secondary roles are on, or it is not known that they are off, the statement goes behind one that
    /// switches them off: <see cref="SecondaryRoles"/>. Not together with bindings.
    /// </summary>
    public bool OneRole { get; init; }

    /// <summary>Values for <c>?</c>, in order.</summary>
    public ImmutableArray<SqlBinding> Bindings { get; init; } = [];

    /// <summary>Rows given back at most; what is beyond stays in the account.</summary>
    public int MaxRows { get; init; } = 1000;

    /// <summary>Bytes of cells given back at most, in UTF-16 units.</summary>
    public int MaxBytes { get; init; } = 4 * 1024 * 1024;
}

/// <param name="Type">FIXED, REAL, TEXT, BOOLEAN, DATE, …</param>
/// <param name="Value">As text; null is SQL's NULL.</param>
public sealed record SqlBinding(string Type, string? Value);

/// <param name="Type">The account's type in lower case: fixed, real, text, boolean, timestamp_ltz, variant, …</param>
public sealed record SqlColumn(string Name, string Type, bool Nullable, int? Precision, int? Scale);

/// <summary>How many rows a changing statement touched, by the account's count.</summary>
public sealed record SqlStats(long Inserted, long Updated, long Deleted, long Duplicates);

/// <summary>What became of a statement.</summary>
public abstract record SqlOutcome
{
    private protected SqlOutcome()
    {
    }

    /// <summary>The account's handle, which is the QUERY_ID of QUERY_HISTORY; null when it never got one.</summary>
    public string? Handle { get; init; }
}

/// <summary>The statement ran.</summary>
public sealed record SqlRows : SqlOutcome
{
    public required ImmutableArray<SqlColumn> Columns { get; init; }

    /// <summary>Cells as the account spells them; <see cref="SqlValue"/> reads them.</summary>
    public required ImmutableArray<ImmutableArray<string?>> Rows { get; init; }

    /// <summary>Rows of the whole result; more than <see cref="Rows"/> when it was cut.</summary>
    public required long TotalRows { get; init; }

    public bool Truncated => Rows.Length < TotalRows;

    public SqlStats? Stats { get; init; }

    /// <summary>Rows in each part the account keeps the result in, in order; one entry when it is small.</summary>
    public ImmutableArray<int> PartitionRows { get; init; } = [];
}

/// <summary>The statement runs in the account; its handle is there to ask with.</summary>
public sealed record SqlRunning : SqlOutcome;

/// <summary>Why a statement did not run, or did not finish.</summary>
public enum SqlFailureKind
{
    Syntax,
    /// <summary>An object or column does not exist, or the role does not see it.</summary>
    NotFound,
    InsufficientPrivileges,
    NoWarehouse,
    Canceled,
    TimedOut,
    /// <summary>The text held more than one statement.</summary>
    StatementCount,
    /// <summary>Any other error of the statement itself.</summary>
    Failed,
    ResultTooLarge,
    /// <summary>The account knows no such statement, or no longer: results are kept for 24 hours.</summary>
    UnknownStatement,
    Throttled,
    SignIn,
    Forbidden,
    Unreachable,
    NotUnderstood,
    /// <summary>It was not sent: what had been approved had changed meanwhile.</summary>
    NotRun,
}

/// <summary>The statement did not run, or failed.</summary>
/// <param name="Code">Snowflake's code, such as 002003.</param>
/// <param name="Message">The account's words and what to do about it.</param>
public sealed record SqlFailure(SqlFailureKind Kind, string Message, string? Code = null, string? SqlState = null) : SqlOutcome;
