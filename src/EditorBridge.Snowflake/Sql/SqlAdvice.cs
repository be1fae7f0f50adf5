using System.Text.RegularExpressions;

namespace EditorBridge.Snowflake;

/// <summary>What mends a failure of the account, in words a person or an agent can act on: the likely cause, and the SQL that removes it.</summary>
internal static partial class SqlAdvice
{
    /// <param name="message">The account's own words, which name the object.</param>
    /// <returns>Null when there is nothing better to say than the account said.</returns>
    public static string? For(SqlFailureKind kind, string? code, string message, SqlStatement? statement)
    {
        var role = statement?.Role is { } named ? $"role {named}" : "this role";
        var grantee = statement?.Role ?? "<role>";
        var warehouse = statement?.Warehouse ?? "<warehouse>";
        return kind switch
        {
            _ when Stopped().IsMatch(message) => $"The warehouse does not run and cannot be started for this: a resource monitor may have stopped it, or {role} may not start it. Whoever runs it can: ALTER WAREHOUSE {warehouse} RESUME; or GRANT OPERATE ON WAREHOUSE {warehouse} TO ROLE {grantee};",
            SqlFailureKind.NoWarehouse => statement?.Warehouse is null
                ? "Name a warehouse in the profile, or: ALTER USER <user> SET DEFAULT_WAREHOUSE = <warehouse>;"
                : $"Warehouse {warehouse} does not exist, or {role} may not use it. Its owner can: GRANT USAGE ON WAREHOUSE {warehouse} TO ROLE {grantee};",
            SqlFailureKind.NotFound when code == "000904" => "There is no such column in what the statement reads; unquoted names are upper case, and an alias is not known in WHERE.",
            SqlFailureKind.NotFound when Container(message) is { } container => $"Either there is no such {container} or {role} may not use it. Names are upper case unless quoted. If it exists, its owner can: GRANT USAGE ON {container.ToUpperInvariant()} {Named(message) ?? "<name>"} TO ROLE {grantee};",
            SqlFailureKind.NotFound => $"Either there is no such object or {role} may not see it. Names are upper case unless quoted, and without a database and schema they are looked up in the profile's. If it exists, its owner can: {Grants(message, grantee)}",
            SqlFailureKind.InsufficientPrivileges => $"The role needs a grant for this: whoever owns {Named(message) ?? "the object"} can grant the privilege to {role}, or a profile with another role can be used.",
            SqlFailureKind.TimedOut => "Read less: filter on the column the table is clustered by, name the columns, aggregate in the account. A longer limit can be asked for with the statement.",
            SqlFailureKind.StatementCount => "Send one statement at a time: what was reviewed is what runs."
                + (statement is { OneRole: true } ? $" A scripting block is counted by its statements where secondary roles are on: send it as EXECUTE IMMEDIATE $$ … $$, or switch them off: ALTER USER <user> SET DEFAULT_SECONDARY_ROLES = ();" : ""),
            SqlFailureKind.ResultTooLarge => "Ask for fewer columns or rows.",
            SqlFailureKind.Throttled => "The account takes no more statements from this user at the moment; wait a little.",
            SqlFailureKind.SignIn when code == "394400" => "It may be wrong, ended, disabled, or its user has no network policy: SHOW USER PROGRAMMATIC ACCESS TOKENS; in Snowsight a new one is made, and editorbridge login --pat takes it.",
            SqlFailureKind.SignIn => "Sign in again: editorbridge login",
            SqlFailureKind.Forbidden when code == "390189" => $"The profile names {role}, which this user or token does not have: GRANT ROLE {grantee} TO USER <user>; a token made with ROLE_RESTRICTION works with that one role only.",
            SqlFailureKind.Forbidden => "A network policy or the token's role stands in the way.",
            SqlFailureKind.UnknownStatement => "Results are kept for 24 hours and shown to the user who ran the statement only.",
            _ => null,
        };
    }

    private static string Grants(string message, string role)
    {
        var parts = Named(message)?.Split('.');
        // Of this database a role has all that was imported or nothing.
        if (parts is ["SNOWFLAKE", _, _]) return $"GRANT IMPORTED PRIVILEGES ON DATABASE SNOWFLAKE TO ROLE {role};";
        return parts is [var database, var schema, _]
            ? $"GRANT USAGE ON DATABASE {database} TO ROLE {role}; GRANT USAGE ON SCHEMA {database}.{schema} TO ROLE {role}; GRANT SELECT ON TABLE {string.Join('.', parts)} TO ROLE {role};"
            : $"GRANT USAGE on its database and schema and SELECT on it TO ROLE {role};";
    }

    // What holds tables, or computes, is used and not read. Null for anything else.
    private static string? Container(string message) => OfContainer().Match(message) is { Success: true } match ? match.Value.ToLowerInvariant() : null;

    private static string? Named(string message) => Quoted().Match(message) is { Success: true } match ? match.Groups["name"].Value : null;

    // Names only: the account quotes what the statement said, and advice must not carry anything else on.
    [GeneratedRegex(@"'(?<name>[A-Za-z0-9_$.""]{1,500})'")]
    private static partial Regex Quoted();

    [GeneratedRegex("(?<=^|\\n)(Database|Schema|Warehouse)(?= ')")]
    private static partial Regex OfContainer();

    [GeneratedRegex("cannot be resumed|is suspended", RegexOptions.IgnoreCase)]
    private static partial Regex Stopped();
}
