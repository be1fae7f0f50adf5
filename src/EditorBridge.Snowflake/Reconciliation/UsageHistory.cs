using System.Collections.Immutable;
using System.Globalization;

namespace EditorBridge.Snowflake;

/// <summary>Rows of one view, or why there are none.</summary>
/// <param name="Problem">Why the view could not be read; null when it was.</param>
public sealed record ViewRead(UsageView View, ImmutableArray<AccountUse> Uses, string? Problem);

/// <summary>Reads the account's own records of use.</summary>
public sealed class UsageHistory(SqlApiClient sql)
{
    private const int MostRows = 100_000;

    /// <summary>Reads one view. A view that cannot be read, or that the account does not have, is told and not thrown: the others still say something.</summary>
    /// <param name="from">Inclusive.</param>
    /// <param name="to">Exclusive.</param>
    /// <param name="user">Only this user's rows; null for everybody's.</param>
    /// <param name="role">A role that may read the views; null for the default one.</param>
    public async Task<ViewRead> ReadAsync(UsageView view, DateTimeOffset from, DateTimeOffset to, string? user, string? role, CancellationToken cancellationToken)
    {
        var outcome = await sql.ExecuteAsync(new SqlStatement
        {
            Text = UsageViews.Select(view, from, to, user),
            RequestId = Guid.NewGuid(),
            Role = role,
            QueryTag = OwnQuestions.Tag("reconciliation"),
            MaxRows = MostRows,
            MaxBytes = 64 * 1024 * 1024,
        }, cancellationToken);
        return outcome switch
        {
            SqlRows { Truncated: true } rows => new ViewRead(view, [], $"{UsageViews.Name(view)} holds {rows.TotalRows} rows of this time, more than can be compared at once. Choose a shorter time."),
            SqlRows rows => Read(view, rows),
            SqlFailure { Kind: SqlFailureKind.NotFound or SqlFailureKind.InsufficientPrivileges } when view == UsageView.AiGateway =>
                new ViewRead(view, [], "The account has no AI Gateway record, or the role may not read it."),
            SqlFailure { Kind: SqlFailureKind.NotFound or SqlFailureKind.InsufficientPrivileges } => new ViewRead(view, [], $"The role may not read {UsageViews.Name(view)}. It needs: {(role is null ? UsageViews.Grant : UsageViews.Grant.Replace("<role>", role, StringComparison.Ordinal))}"),
            SqlFailure failure => new ViewRead(view, [], $"{UsageViews.Name(view)} could not be read: {failure.Message} The role needs: {UsageViews.Grant}"),
            _ => throw new ArgumentOutOfRangeException(nameof(view), outcome, "An outcome without a meaning."),
        };
    }

    private static ViewRead Read(UsageView view, SqlRows rows)
    {
        try
        {
            return new ViewRead(view, [.. rows.Rows.SelectMany(row => new UsageRow(Cells(rows.Columns, row)).Read(view))], null);
        }
        catch (FormatException exception)
        {
            return new ViewRead(view, [], $"{UsageViews.Name(view)} has another form than documented: {exception.Message}.");
        }
    }

    private static Dictionary<string, string?> Cells(ImmutableArray<SqlColumn> columns, ImmutableArray<string?> row)
    {
        var cells = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < columns.Length; i++)
        {
            cells[columns[i].Name] = SqlValue.Read(columns[i], row[i]) switch
            {
                DateTimeOffset moment => moment.UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
                DateTime moment => DateTime.SpecifyKind(moment, DateTimeKind.Utc).ToString("O", CultureInfo.InvariantCulture),
                _ => row[i],
            };
        }
        return cells;
    }
}
