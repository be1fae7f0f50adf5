using System.Globalization;

namespace EditorBridge.Snowflake;

/// <summary>The views by name, and the statements that read them: the same whether EditorBridge asks or an administrator exports.</summary>
public static class UsageViews
{
    /// <summary>What an administrator grants so that a role may read them.</summary>
    public const string Grant = "GRANT DATABASE ROLE SNOWFLAKE.USAGE_VIEWER TO ROLE <role>; GRANT DATABASE ROLE SNOWFLAKE.GOVERNANCE_VIEWER TO ROLE <role>;";

    public static string Name(UsageView view) => view switch
    {
        UsageView.RestApi => "CORTEX_REST_API_USAGE_HISTORY",
        UsageView.AiGateway => "AI_GATEWAY_USAGE_HISTORY",
        UsageView.Queries => "QUERY_HISTORY",
        _ => throw new ArgumentOutOfRangeException(nameof(view), view, "A view without a name."),
    };

    /// <param name="from">Inclusive.</param>
    /// <param name="to">Exclusive.</param>
    /// <param name="user">Only this user's rows; null for everybody's.</param>
    public static string Select(UsageView view, DateTimeOffset from, DateTimeOffset to, string? user)
    {
        var (columns, source, name) = view switch
        {
            UsageView.RestApi => (
                "r.REQUEST_ID, r.START_TIME, r.MODEL_NAME, r.TOKENS_GRANULAR:\"input\"::INT AS INPUT_TOKENS, r.TOKENS_GRANULAR:\"output\"::INT AS OUTPUT_TOKENS, u.NAME AS USER_NAME, r.INFERENCE_REGION",
                "CORTEX_REST_API_USAGE_HISTORY r JOIN SNOWFLAKE.ACCOUNT_USAGE.USERS u ON u.USER_ID = r.USER_ID", "u.NAME"),
            UsageView.AiGateway => (
                "r.REQUEST_ID, r.START_TIME, r.GATEWAY_NAME, r.OPERATION_DETAILS, u.NAME AS USER_NAME",
                "AI_GATEWAY_USAGE_HISTORY r JOIN SNOWFLAKE.ACCOUNT_USAGE.USERS u ON u.USER_ID = r.USER_ID", "u.NAME"),
            // A person's own statements are nobody's business here: only those that carry our tag or were an agent's.
            UsageView.Queries => (
                "r.QUERY_ID, r.START_TIME, r.USER_NAME, r.QUERY_TYPE, r.QUERY_TAG, r.AGENT_TYPE",
                "QUERY_HISTORY r", "r.USER_NAME"),
            _ => throw new ArgumentOutOfRangeException(nameof(view), view, "A view without a statement."),
        };
        var ours = view == UsageView.Queries ? "\n  AND (r.QUERY_TAG LIKE '%\"app\":\"editorbridge\"%' OR r.AGENT_TYPE IS NOT NULL)" : "";
        var whose = user is null ? "" : $"\n  AND {name} = '{user.Replace("'", "''", StringComparison.Ordinal)}'";
        return $"""
            SELECT {columns}
            FROM SNOWFLAKE.ACCOUNT_USAGE.{source}
            WHERE r.START_TIME >= '{Moment(from)}'::TIMESTAMP_LTZ AND r.START_TIME < '{Moment(to)}'::TIMESTAMP_LTZ{ours}{whose}
            """;
    }

    private static string Moment(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fff", CultureInfo.InvariantCulture) + "+00:00";
}
