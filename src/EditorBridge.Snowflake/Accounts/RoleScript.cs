using System.Text;
using System.Text.RegularExpressions;

namespace EditorBridge.Snowflake;

/// <summary>What the dedicated role is for.</summary>
/// <param name="Role">Name of the role to make.</param>
/// <param name="User">Who gets it; null leaves the grant out.</param>
/// <param name="Warehouse">For statements; null when agents only use inference.</param>
/// <param name="Databases">Databases agents may read.</param>
/// <param name="Models">Models by their account names; empty for those the account gives everybody.</param>
/// <param name="Reconcile">Also let it read the usage views.</param>
public sealed record RoleWish(string Role, string? User, string? Warehouse, IReadOnlyList<string> Databases, IReadOnlyList<string> Models, bool Reconcile);

/// <summary>The SQL of a role with only what EditorBridge needs. Only made as text: a person reads it before anybody runs it.</summary>
public static partial class RoleScript
{
    public static string Write(RoleWish wish)
    {
        var role = Name(wish.Role);
        var sql = new StringBuilder();
        sql.AppendLine("-- A role for AI agents that work through EditorBridge: inference by REST, reading, nothing else.");
        sql.AppendLine("-- Read it, then run it as ACCOUNTADMIN.");
        sql.AppendLine($"CREATE ROLE IF NOT EXISTS {role};");
        sql.AppendLine();
        sql.AppendLine("-- Inference. To make this the only way in, also take the general one away from everybody:");
        sql.AppendLine("--   REVOKE DATABASE ROLE SNOWFLAKE.CORTEX_USER FROM ROLE PUBLIC;");
        sql.AppendLine($"GRANT DATABASE ROLE SNOWFLAKE.CORTEX_REST_API_USER TO ROLE {role};");
        foreach (var model in wish.Models)
        {
            sql.AppendLine($"GRANT APPLICATION ROLE SNOWFLAKE.\"CORTEX-MODEL-ROLE-{model.ToUpperInvariant().Replace("\"", "", StringComparison.Ordinal)}\" TO ROLE {role};");
        }
        if (wish.Warehouse is { } warehouse)
        {
            sql.AppendLine().AppendLine("-- Statements");
            sql.AppendLine($"GRANT USAGE ON WAREHOUSE {Name(warehouse)} TO ROLE {role};");
        }
        foreach (var database in wish.Databases.Select(Name))
        {
            sql.AppendLine().AppendLine($"-- Reading {database}");
            sql.AppendLine($"GRANT USAGE ON DATABASE {database} TO ROLE {role};");
            sql.AppendLine($"GRANT USAGE ON ALL SCHEMAS IN DATABASE {database} TO ROLE {role};");
            sql.AppendLine($"GRANT USAGE ON FUTURE SCHEMAS IN DATABASE {database} TO ROLE {role};");
            foreach (var kind in (string[])["TABLES", "VIEWS"])
            {
                sql.AppendLine($"GRANT SELECT ON ALL {kind} IN DATABASE {database} TO ROLE {role};");
                sql.AppendLine($"GRANT SELECT ON FUTURE {kind} IN DATABASE {database} TO ROLE {role};");
            }
        }
        if (wish.Reconcile)
        {
            sql.AppendLine().AppendLine("-- Reconciliation reads the account's own records of use");
            sql.AppendLine($"GRANT DATABASE ROLE SNOWFLAKE.USAGE_VIEWER TO ROLE {role};");
            sql.AppendLine($"GRANT DATABASE ROLE SNOWFLAKE.GOVERNANCE_VIEWER TO ROLE {role};");
        }
        if (wish.User is { } user)
        {
            sql.AppendLine().AppendLine("-- Inference always uses the default role; secondary roles would widen every statement.");
            sql.AppendLine($"GRANT ROLE {role} TO USER {Name(user)};");
            sql.AppendLine($"ALTER USER {Name(user)} SET DEFAULT_ROLE = {role} DEFAULT_SECONDARY_ROLES = ();");
        }
        return sql.ToString();
    }

    /// <summary>A plain name stays as it is written; anything else is quoted, so no name can end the statement.</summary>
    private static string Name(string name) => Plain().IsMatch(name) ? name.ToUpperInvariant() : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_$]*$", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();
}
