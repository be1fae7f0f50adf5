using System.Collections.Immutable;
using System.Globalization;

namespace EditorBridge.Snowflake;

/// <summary>Reads the account's own record of inference by REST.</summary>
public sealed class UsageHistory(SqlApiClient sql)
{
    /// <summary>What an administrator grants so that a role may read it.</summary>
    public const string Grant = "GRANT DATABASE ROLE SNOWFLAKE.USAGE_VIEWER TO ROLE <role>;";

    private const int MostRows = 100_000;

    /// <param name="from">Inclusive.</param>
    /// <param name="to">Exclusive.</param>
    /// <param name="role">A role that may read the view; null for the default one.</param>
    /// <exception cref="SignInException">It could not be read; the message says why and what to grant.</exception>
    public async Task<ImmutableArray<AccountInference>> ReadAsync(DateTimeOffset from, DateTimeOffset to, string? role, CancellationToken cancellationToken)
    {
        var outcome = await sql.ExecuteAsync(new SqlStatement
        {
            Text = $"""
                SELECT r.REQUEST_ID, r.START_TIME, r.MODEL_NAME, r.TOKENS_GRANULAR:"input"::INT AS INPUT_TOKENS, r.TOKENS_GRANULAR:"output"::INT AS OUTPUT_TOKENS, u.NAME, r.INFERENCE_REGION
                FROM SNOWFLAKE.ACCOUNT_USAGE.CORTEX_REST_API_USAGE_HISTORY r JOIN SNOWFLAKE.ACCOUNT_USAGE.USERS u ON u.USER_ID = r.USER_ID
                WHERE r.START_TIME >= '{Moment(from)}'::TIMESTAMP_LTZ AND r.START_TIME < '{Moment(to)}'::TIMESTAMP_LTZ
                """,
            RequestId = Guid.NewGuid(),
            Role = role,
            QueryTag = "{\"app\":\"editorbridge\",\"purpose\":\"reconciliation\"}",
            MaxRows = MostRows,
            MaxBytes = 64 * 1024 * 1024,
        }, cancellationToken);
        return outcome switch
        {
            SqlRows { Truncated: true } rows => throw new SignInException($"The account shows {rows.TotalRows} calls in this time, more than can be compared at once. Choose a shorter time."),
            SqlRows rows => [.. rows.Rows.Select(row => Read(rows.Columns, row))],
            SqlFailure failure => throw new SignInException($"The account's record of use could not be read: {failure.Message} The role needs: {Grant}"),
            _ => throw new ArgumentOutOfRangeException(nameof(from), outcome, "An outcome without a meaning."),
        };
    }

    private static AccountInference Read(ImmutableArray<SqlColumn> columns, ImmutableArray<string?> row) => new(
        row[0] ?? "",
        SqlValue.Read(columns[1], row[1]) switch
        {
            DateTimeOffset moment => moment.ToUniversalTime(),
            DateTime moment => new DateTimeOffset(DateTime.SpecifyKind(moment, DateTimeKind.Utc)),
            _ => default,
        },
        row[2] ?? "", Whole(row[3]), Whole(row[4]), row[5], row[6]);

    private static long? Whole(string? cell) => long.TryParse(cell, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static string Moment(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fff", CultureInfo.InvariantCulture) + "+00:00";
}
