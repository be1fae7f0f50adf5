using System.Globalization;
using System.Text.RegularExpressions;
using EditorBridge.Sandbox.Sql;

namespace EditorBridge.Sandbox.Auth;

/// <summary>
/// Programmatic access tokens by SQL. A session that signed in with a PAT cannot rotate, change or remove PATs of its own user, and
/// other users' tokens need ACCOUNTADMIN.
/// </summary>
internal sealed partial class PatStatements(PatTable tokens, AccountDirectory directory, TimeProvider clock)
{
    private const int DefaultHoursOfOldSecret = 24;
    private const int LongestBypassMinutes = 1440;

    /// <returns>Null when the statement is none of these.</returns>
    public StatementResult? TryRun(string statement, SqlContext context)
    {
        if (Show().Match(statement) is { Success: true } show)
        {
            return List(UserOf(show, context, changes: false), context);
        }

        if (Decode().Match(statement) is { Success: true } decode)
        {
            return Describe(decode.Groups["secret"].Value);
        }

        if (LoginFailure().Match(statement) is { Success: true } failure)
        {
            return StatementResult.OfTexts(["SYSTEM$GET_LOGIN_FAILURE_DETAILS"],
                [[$$"""{"clientIP":"127.0.0.1","errorCode":"JWT_TOKEN_INVALID","timestamp":{{clock.GetUtcNow().ToUnixTimeSeconds()}},"id":"{{failure.Groups["id"].Value}}"}"""]]);
        }

        return Alter().Match(statement) is not { Success: true } alter ? null : alter.Groups["verb"].Value.ToUpperInvariant() switch
        {
            "ADD" => Add(alter, UserOf(alter, context, changes: false)),
            "ROTATE" => Rotate(alter, UserOf(alter, context, changes: true)),
            "MODIFY" => Modify(alter, UserOf(alter, context, changes: true)),
            _ => Remove(alter, UserOf(alter, context, changes: true)),
        };
    }

    private AccountUser UserOf(Match match, SqlContext context, bool changes)
    {
        var name = match.Groups["user"] is { Success: true } given ? Unquoted(given.Value) : context.Identity.UserName;
        var own = name == context.Identity.UserName;
        if (directory.User(name) is not { } user || (!own && context.Role != AccountDirectory.AccountAdmin))
        {
            throw SqlException.NotFound("User", name);
        }

        return own && changes && context.Identity.Credential == CredentialKind.ProgrammaticAccessToken
            ? throw new SqlException("003001", "42501",
                $"SQL access control error:\nA session authenticated with a programmatic access token cannot change the programmatic access tokens of user '{name}'.")
            : user;
    }

    private StatementResult Add(Match match, AccountUser user)
    {
        var name = Unquoted(match.Groups["token"].Value);
        var rest = match.Groups["rest"].Value;
        var days = Number(rest, "DAYS_TO_EXPIRY") ?? PatTable.DefaultDays;
        var bypass = Number(rest, "MINS_TO_BYPASS_NETWORK_POLICY_REQUIREMENT") ?? 0;
        var role = Value(rest, "ROLE_RESTRICTION")?.ToUpperInvariant();
        if (tokens.Named(user.Name, name) is not null)
        {
            throw SqlException.AlreadyExists(name);
        }

        Demand(days is >= 1 and <= PatTable.LongestDays, "DAYS_TO_EXPIRY", $"{days}");
        Demand(bypass is >= 0 and <= LongestBypassMinutes, "MINS_TO_BYPASS_NETWORK_POLICY_REQUIREMENT", $"{bypass}");
        Demand(tokens.Of(user.Name).Count < PatTable.MostPerUser, "number of tokens", $"{PatTable.MostPerUser + 1}");
        Demand(user.Type != UserType.Service || role is not null, "ROLE_RESTRICTION", "none");
        if (role is not null && !directory.MayUse(user.Name, role))
        {
            throw SqlException.NotFound("Role", role);
        }

        return StatementResult.OfTexts(["token_name", "token_secret"], [[name, tokens.Add(name, user.Name, role, days, bypass, Value(rest, "COMMENT"))]]);
    }

    private StatementResult Rotate(Match match, AccountUser user)
    {
        var pat = Known(match, user);
        var hours = Number(match.Groups["rest"].Value, "EXPIRE_ROTATED_TOKEN_AFTER_HOURS") ?? DefaultHoursOfOldSecret;
        var (secret, rotatedName) = tokens.Rotate(pat, TimeSpan.FromHours(hours));
        return StatementResult.OfTexts(["token_name", "token_secret", "rotated_token_name"], [[pat.Name, secret, rotatedName]]);
    }

    private StatementResult Modify(Match match, AccountUser user)
    {
        var pat = Known(match, user);
        var rest = match.Groups["rest"].Value;
        var changed = Rename().Match(rest) is { Success: true } rename ? pat with { Name = Unquoted(rename.Groups["name"].Value) }
            : Disabled().Match(rest) is { Success: true } disabled ? pat with { Disabled = disabled.Groups["value"].Value.Equals("TRUE", StringComparison.OrdinalIgnoreCase) }
            : Value(rest, "COMMENT") is { } comment ? pat with { Comment = comment }
            : Number(rest, "MINS_TO_BYPASS_NETWORK_POLICY_REQUIREMENT") is { } minutes ? pat with { BypassUntil = clock.GetUtcNow().AddMinutes(minutes) }
            : throw SqlException.Syntax(1, 0, rest.Trim());
        tokens.Replace(pat, changed);
        return StatementResult.Status("Statement executed successfully.");
    }

    private StatementResult Remove(Match match, AccountUser user)
    {
        tokens.Remove(Known(match, user));
        return StatementResult.Status("Statement executed successfully.");
    }

    private StatementResult List(AccountUser user, SqlContext context) => StatementResult.OfTexts(
        ["name", "user_name", "role_restriction", "expires_at", "status", "comment", "created_on", "created_by", "mins_to_bypass_network_policy_requirement", "rotated_to"],
        tokens.Of(user.Name).Select(pat => new[]
        {
            pat.Name, user.Name, pat.RoleRestriction, Text(pat.ExpiresAt), tokens.StateOf(pat).ToString().ToUpperInvariant(), pat.Comment, Text(pat.CreatedOn),
            context.Identity.UserName, pat.BypassUntil is { } until ? Math.Max(0, (int)(until - clock.GetUtcNow()).TotalMinutes).ToString(CultureInfo.InvariantCulture) : null,
            pat.RotatedTo,
        }));

    private StatementResult Describe(string secret) => tokens.Find(secret) is { } pat
        ? StatementResult.OfTexts(["SYSTEM$DECODE_PAT"],
            [[$$"""{"STATE":"{{tokens.StateOf(pat).ToString().ToUpperInvariant()}}","PAT_NAME":"{{pat.Name}}","USER_NAME":"{{pat.UserName}}"}"""]])
        : throw new SqlException("394400", "22023", "Programmatic access token is invalid.");

    private Pat Known(Match match, AccountUser user)
    {
        var name = Unquoted(match.Groups["token"].Value);
        return tokens.Named(user.Name, name) ?? throw SqlException.NotFound("Programmatic access token", name);
    }

    private static void Demand(bool holds, string property, string value)
    {
        if (!holds)
        {
            throw new SqlException("001008", "22023", $"SQL compilation error:\ninvalid value [{value}] for parameter '{property}'");
        }
    }

    private static string Unquoted(string name) => SqlLexer.Cut(name)[0].Name;

    private static string Text(DateTimeOffset moment) => moment.ToString("yyyy-MM-dd HH:mm:ss.fff zzz", CultureInfo.InvariantCulture);

    private static int? Number(string text, string property) =>
        Value(text, property) is { } value && int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? Value(string text, string property) =>
        Regex.Match(text, $@"\b{property}\s*=\s*(?:'(?<value>[^']*)'|(?<value>[\w$]+))", RegexOptions.IgnoreCase) is { Success: true } match
            ? match.Groups["value"].Value
            : null;

    [GeneratedRegex(@"^\s*ALTER\s+USER\s+(?:IF\s+EXISTS\s+)?(?:(?!ADD\b|ROTATE\b|MODIFY\b|REMOVE\b)(?<user>[\w$""]+)\s+)?(?<verb>ADD|ROTATE|MODIFY|REMOVE)\s+(?:PROGRAMMATIC\s+ACCESS\s+TOKEN|PAT)\s+(?<token>[\w$""]+)(?<rest>.*)$", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Alter();

    [GeneratedRegex(@"^\s*SHOW\s+USER\s+(?:PROGRAMMATIC\s+ACCESS\s+TOKENS|PATS)(?:\s+FOR\s+USER\s+(?<user>[\w$""]+))?\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex Show();

    [GeneratedRegex(@"^\s*SELECT\s+SYSTEM\$DECODE_PAT\s*\(\s*'(?<secret>[^']*)'\s*\)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex Decode();

    [GeneratedRegex(@"^\s*SELECT\s+SYSTEM\$GET_LOGIN_FAILURE_DETAILS\s*\(\s*'(?<id>[0-9a-fA-F-]{36})'\s*\)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex LoginFailure();

    [GeneratedRegex(@"^\s*RENAME\s+TO\s+(?<name>[\w$""]+)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex Rename();

    [GeneratedRegex(@"\bSET\s+DISABLED\s*=\s*(?<value>TRUE|FALSE)", RegexOptions.IgnoreCase)]
    private static partial Regex Disabled();
}
