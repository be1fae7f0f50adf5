using System.Text.RegularExpressions;
using EditorBridge.Sandbox.Auth;

namespace EditorBridge.Sandbox.Sql;

/// <summary>Statements about users, roles, rights, tokens and parameters. They change the account, not its data.</summary>
internal sealed partial class AccountStatements(AccountDirectory directory, AccountParameters parameters, InferenceRights rights, PatStatements tokens)
{
    private const string Done = "Statement executed successfully.";

    /// <returns>Null when the statement is none of these.</returns>
    public StatementResult? TryRun(string statement, SqlContext context)
    {
        if (tokens.TryRun(statement, context) is { } answered)
        {
            return answered;
        }

        (Regex Pattern, Func<Match, StatementResult> Run)[] known =
        [
            (CreateRole(), match => AddRole(match)),
            (DropRole(), match => RemoveRole(match)),
            (GrantRole(), match => AssignRole(match)),
            (GrantRights(), match => AddRights(match)),
            (CallerRole(), match => SetCaller(match)),
            (ModelRole(), match => SetModel(match)),
            (RevokeModelsFromPublic(), match => RevokeModels(match)),
            (GrantElsewhere(), _ => StatementResult.Status(Done)),
            (AlterUser(), match => ChangeUser(match)),
            (AlterAccount(), match => ChangeAccount(match)),
        ];
        foreach (var (pattern, run) in known)
        {
            if (pattern.Match(statement) is { Success: true } match)
            {
                return context.Role == AccountDirectory.AccountAdmin ? run(match) : throw SqlException.NoPrivilege("account", AccountDirectory.Account);
            }
        }

        return null;
    }

    private StatementResult AddRole(Match match)
    {
        var role = Name(match);
        return directory.AddRole(role) ? StatementResult.Status($"Role {role} successfully created.")
            : match.Groups["if"].Success ? StatementResult.Status($"{role} already exists, statement succeeded.")
            : throw SqlException.AlreadyExists(role);
    }

    private StatementResult RemoveRole(Match match) => directory.RemoveRole(Name(match)) || match.Groups["if"].Success
        ? StatementResult.Status($"{Name(match)} successfully dropped.")
        : throw SqlException.NotFound("Role", Name(match));

    private StatementResult AssignRole(Match match)
    {
        var (role, grantee) = (Name(match), Name(match, "to"));
        Demand(role);
        if (match.Groups["kind"].Value.Equals("USER", StringComparison.OrdinalIgnoreCase))
        {
            directory.GrantRole(role, directory.User(grantee)?.Name ?? throw SqlException.NotFound("User", grantee));
        }
        else
        {
            Demand(grantee);
            foreach (var grant in directory.GrantsOf(role)!)
            {
                directory.AddGrant(grantee, grant);
            }
        }

        return StatementResult.Status(Done);
    }

    private StatementResult AddRights(Match match)
    {
        var role = Name(match, "to");
        Demand(role);
        var parts = SqlLexer.Cut(match.Groups["name"].Value).Where(token => token.IsName).Select(token => token.Name).ToList();
        var access = Writing().IsMatch(match.Groups["rights"].Value) ? Access.Write : Access.Read;
        directory.AddGrant(role, new Grant(access, parts[0], parts.ElementAtOrDefault(1), parts.ElementAtOrDefault(2)));
        return StatementResult.Status(Done);
    }

    private StatementResult SetCaller(Match match)
    {
        var role = Name(match, "to");
        Demand(role);
        rights.SetCaller(match.Groups["databaseRole"].Value.ToUpperInvariant(), role, IsGrant(match));
        return StatementResult.Status(Done);
    }

    private StatementResult SetModel(Match match)
    {
        var role = Name(match, "to");
        Demand(role);
        rights.SetModel(match.Groups["modelRole"].Value.ToUpperInvariant(), role, IsGrant(match));
        return StatementResult.Status(Done);
    }

    private StatementResult RevokeModels(Match match)
    {
        rights.SetModel(match.Groups["modelRole"].Value.ToUpperInvariant(), "PUBLIC", granted: false);
        return StatementResult.Status(Done);
    }

    private static bool IsGrant(Match match) => match.Groups["verb"].Value.Equals("GRANT", StringComparison.OrdinalIgnoreCase);

    private StatementResult ChangeUser(Match match)
    {
        var user = directory.User(Name(match)) ?? throw SqlException.NotFound("User", Name(match));
        var value = match.Groups["value"].Value.Trim('\'', '"');
        switch (match.Groups["property"].Value.ToUpperInvariant())
        {
            case "DEFAULT_ROLE":
                directory.SetDefaultRole(user.Name, value.ToUpperInvariant());
                break;
            case "DEFAULT_SECONDARY_ROLES":
                directory.SetSecondaryRoles(user.Name, match.Groups["value"].Value.Contains("ALL", StringComparison.OrdinalIgnoreCase));
                break;
            case "RSA_PUBLIC_KEY":
                directory.SetPublicKey(user.Name, value);
                break;
        }

        return StatementResult.Status(Done);
    }

    private StatementResult ChangeAccount(Match match)
    {
        var name = match.Groups["name"].Value;
        if (!parameters.Knows(name))
        {
            throw new SqlException("001006", "22023", $"SQL compilation error:\ninvalid parameter '{name}'");
        }

        var value = match.Groups["value"].Value.Trim('\'');
        if (name.Equals("CORTEX_MODELS_ALLOWLIST", StringComparison.OrdinalIgnoreCase) && !value.Equals("None", StringComparison.OrdinalIgnoreCase))
        {
            throw new SqlException("001008", "22023", $"SQL compilation error:\ninvalid value [{value}] for parameter '{name}'; it can only be set to 'None'");
        }

        parameters[name] = value;
        return StatementResult.Status(Done);
    }

    private void Demand(string role)
    {
        if (!directory.RoleNames.Contains(role))
        {
            throw SqlException.NotFound("Role", role);
        }
    }

    private static string Name(Match match, string group = "name") =>
        SqlLexer.Cut(match.Groups[group].Value).First(token => token.IsName).Name;

    [GeneratedRegex(@"^\s*CREATE\s+ROLE\s+(?<if>IF\s+NOT\s+EXISTS\s+)?(?<name>[\w$""]+)(?:\s+COMMENT\s*=.*)?\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex CreateRole();

    [GeneratedRegex(@"^\s*DROP\s+ROLE\s+(?<if>IF\s+EXISTS\s+)?(?<name>[\w$""]+)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex DropRole();

    [GeneratedRegex(@"^\s*GRANT\s+ROLE\s+(?<name>[\w$""]+)\s+TO\s+(?<kind>USER|ROLE)\s+(?<to>[\w$""]+)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex GrantRole();

    [GeneratedRegex(@"^\s*GRANT\s+(?<rights>IMPORTED\s+PRIVILEGES|ALL(?:\s+PRIVILEGES)?|(?:(?:SELECT|INSERT|UPDATE|DELETE|TRUNCATE)\s*,?\s*)+)\s+ON\s+(?:(?:ALL|FUTURE)\s+(?:TABLES|VIEWS)\s+IN\s+(?:SCHEMA|DATABASE)|TABLE|VIEW|DATABASE)\s+(?<name>[\w$"".]+)\s+TO\s+ROLE\s+(?<to>[\w$""]+)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex GrantRights();

    [GeneratedRegex(@"^\s*(?<verb>GRANT|REVOKE)\s+DATABASE\s+ROLE\s+SNOWFLAKE\.(?<databaseRole>\w+)\s+(?:TO|FROM)\s+ROLE\s+(?<to>[\w$""]+)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex CallerRole();

    [GeneratedRegex(@"^\s*(?<verb>GRANT|REVOKE)\s+APPLICATION\s+ROLE\s+SNOWFLAKE\.""(?<modelRole>CORTEX-MODEL-ROLE-[\w.-]+)""\s+(?:TO|FROM)\s+ROLE\s+(?<to>[\w$""]+)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex ModelRole();

    [GeneratedRegex(@"^\s*CALL\s+SNOWFLAKE\.LOCAL\.REVOKE_FROM_PUBLIC_APPLICATION_ROLE\s*\(\s*'APP_ROLE'\s*,\s*'(?<modelRole>CORTEX-MODEL-ROLE-[\w.-]+)'\s*\)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex RevokeModelsFromPublic();

    // Rights the sandbox takes note of without effect: every role may use its one warehouse.
    [GeneratedRegex(@"^\s*(?:GRANT\s+(?:USAGE|OPERATE|MONITOR)\b|REVOKE\b)", RegexOptions.IgnoreCase)]
    private static partial Regex GrantElsewhere();

    [GeneratedRegex(@"^\s*ALTER\s+USER\s+(?<name>[\w$""]+)\s+SET\s+(?<property>DEFAULT_ROLE|DEFAULT_WAREHOUSE|RSA_PUBLIC_KEY|DEFAULT_SECONDARY_ROLES|NETWORK_POLICY)\s*=\s*(?<value>.+?)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex AlterUser();

    [GeneratedRegex(@"^\s*ALTER\s+ACCOUNT\s+SET\s+(?<name>\w+)\s*=\s*(?<value>.+?)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex AlterAccount();

    [GeneratedRegex("INSERT|UPDATE|DELETE|TRUNCATE|^ALL", RegexOptions.IgnoreCase)]
    private static partial Regex Writing();
}
