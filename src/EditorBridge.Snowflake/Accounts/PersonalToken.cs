using System.Collections.Immutable;
using System.Globalization;

namespace EditorBridge.Snowflake;

/// <summary>A user's programmatic access token as the account lists it: never the secret.</summary>
public sealed record PersonalToken(string Name, string? Role, DateTimeOffset? ExpiresAt, string Status)
{
    public bool IsActive => Status.Equals("ACTIVE", StringComparison.OrdinalIgnoreCase);

    /// <summary>For an administrator, or for a session that did not sign in with a token: a token's own session may not rotate it.</summary>
    public static string RotateSql(string name) => $"ALTER USER ROTATE PROGRAMMATIC ACCESS TOKEN \"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\" EXPIRE_ROTATED_TOKEN_AFTER_HOURS = 24;";

    internal static ImmutableArray<PersonalToken> Read(SqlRows rows)
    {
        int Column(string name) => rows.Columns.ToList().FindIndex(column => column.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        var (name, role, expires, status) = (Column("name"), Column("role_restriction"), Column("expires_at"), Column("status"));
        if (name < 0)
        {
            return [];
        }
        return [.. rows.Rows.Select(row => new PersonalToken(
            row[name] ?? "",
            role >= 0 ? row[role] : null,
            expires >= 0 ? Moment(rows.Columns[expires], row[expires]) : null,
            status >= 0 ? row[status] ?? "" : ""))];
    }

    private static DateTimeOffset? Moment(SqlColumn column, string? cell) => SqlValue.Read(column, cell) switch
    {
        DateTimeOffset moment => moment.ToUniversalTime(),
        DateTime moment => new DateTimeOffset(DateTime.SpecifyKind(moment, DateTimeKind.Utc)),
        string text when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) => moment,
        _ => null,
    };
}
