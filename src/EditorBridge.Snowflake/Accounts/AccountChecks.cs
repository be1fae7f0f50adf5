using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace EditorBridge.Snowflake;

/// <summary>Who the account says we are.</summary>
public sealed record AccountIdentity(string User, string Role, string Account, string Region, string? Warehouse, bool SecondaryRolesOn);

/// <summary>
/// Asks the account what stands in the way or is more than needed, each cause told apart. Tests the credential by what it can
/// read, never by an empty inference request: a 403 to that has too many causes.
/// </summary>
public sealed class AccountChecks(SqlApiClient sql, CortexClient cortex, TimeProvider time)
{
    private static readonly string[] AdministratorRoles = ["ACCOUNTADMIN", "SECURITYADMIN", "ORGADMIN", "SYSADMIN", "USERADMIN", "GLOBALORGADMIN"];

    /// <summary>Days before a token's end from which on a person is warned.</summary>
    public const int WarnDays = 7;

    /// <exception cref="SignInException">The account did not say; the message is its own.</exception>
    public async Task<AccountIdentity> WhoAmIAsync(CancellationToken cancellationToken)
    {
        var row = await RowAsync("SELECT CURRENT_USER(), CURRENT_ROLE(), CURRENT_ACCOUNT(), CURRENT_REGION(), CURRENT_WAREHOUSE(), CURRENT_SECONDARY_ROLES()", cancellationToken)
            ?? throw new SignInException("The account answered without a row when asked who is signed in.");
        if (row.Length < 5) throw new SignInException($"The account answered with {row.Length} columns instead of 6 when asked who is signed in.");
        return new AccountIdentity(row[0] ?? "", row[1] ?? "", row[2] ?? "", row[3] ?? "", row[4], row is [_, _, _, _, _, { Length: > 0 } secondary, ..] && !SecondaryRoles.AreOff(secondary));
    }

    /// <param name="residency">The regions inference may run in; null when that is not restricted.</param>
    public async Task<ImmutableArray<AccountFinding>> RunAsync(TokenKind kind, ResidencyRule? residency, CancellationToken cancellationToken)
    {
        var findings = ImmutableArray.CreateBuilder<AccountFinding>();
        AccountIdentity identity;
        try
        {
            identity = await WhoAmIAsync(cancellationToken);
        }
        catch (SignInException exception)
        {
            return [await WhyNotSignedInAsync(exception, cancellationToken)];
        }
        findings.Add(new AccountFinding(FindingLevel.Good, $"Signed in as {identity.User}, role {identity.Role}, account {identity.Account} ({identity.Region})", null, AccountTopic.SignIn));
        AddRole(identity, findings);
        var region = await ParameterAsync("CORTEX_ENABLED_CROSS_REGION", "IN ACCOUNT", cancellationToken);
        var allowList = await ParameterAsync("CORTEX_MODELS_ALLOWLIST", "IN ACCOUNT", cancellationToken);
        await AddModelsAsync(identity, region, allowList, findings, cancellationToken);
        AddRegion(region, residency, findings);
        AddAllowList(identity, allowList, findings);
        await AddNetworkPolicyAsync(identity, kind, findings, cancellationToken);
        findings.AddRange(await TokensAsync(cancellationToken) is { } tokens ? tokens.SelectMany(token => Expiry(token, kind)) : []);
        return findings.ToImmutable();
    }

    /// <summary>The user's programmatic access tokens, or null when the account does not show them.</summary>
    public async Task<ImmutableArray<PersonalToken>?> TokensAsync(CancellationToken cancellationToken) =>
        await ExecuteAsync("SHOW USER PROGRAMMATIC ACCESS TOKENS", cancellationToken) is SqlRows rows ? PersonalToken.Read(rows) : null;

    private static void AddRole(AccountIdentity identity, ImmutableArray<AccountFinding>.Builder findings)
    {
        if (AdministratorRoles.Contains(identity.Role, StringComparer.OrdinalIgnoreCase))
        {
            findings.Add(new AccountFinding(FindingLevel.Warning, $"The agents work with the administrator role {identity.Role}: everything a reviewer lets pass may do everything.",
                "editorbridge setup role    -- prints a role with only what is needed", AccountTopic.Role));
        }
        if (identity.SecondaryRolesOn)
        {
            findings.Add(new AccountFinding(FindingLevel.Warning, "Secondary roles are on: what reaches the account in another way, such as snow sql, has the rights of every role the user has. EditorBridge's tools switch them off for each statement, which costs a request more and some errors their code.",
                $"ALTER USER {identity.User} SET DEFAULT_SECONDARY_ROLES = ();", AccountTopic.SecondaryRoles));
        }
    }

    /// <summary>The account's two doors word the same refusal differently; inference tells the cause, and its refusals are the ones agents meet.</summary>
    private async Task<AccountFinding> WhyNotSignedInAsync(SignInException said, CancellationToken cancellationToken)
    {
        try
        {
            await cortex.ListModelsAsync(cancellationToken);
            return new AccountFinding(FindingLevel.Broken, $"Inference works and SQL does not: {said.Message}", "editorbridge status --account <connection>    -- with another role in the connection", AccountTopic.Role);
        }
        catch (CortexException exception)
        {
            return AccountFixes.For(exception.Failure, "<role>", "<user>");
        }
    }

    private async Task AddModelsAsync(AccountIdentity identity, string? region, string? allowList, ImmutableArray<AccountFinding>.Builder findings, CancellationToken cancellationToken)
    {
        try
        {
            var models = await cortex.ListModelsAsync(cancellationToken);
            var claude = models.Count(Messages.ModelNames.IsClaude);
            findings.Add(claude > 0
                ? new AccountFinding(FindingLevel.Good, $"{models.Length} models are offered, {claude} of them Claude", null, AccountTopic.Models)
                : AccountFixes.NoClaude(identity.Role, region, allowList));
        }
        catch (CortexException exception)
        {
            findings.Add(AccountFixes.For(exception.Failure, identity.Role, identity.User));
        }
    }

    private static void AddRegion(string? value, ResidencyRule? residency, ImmutableArray<AccountFinding>.Builder findings)
    {
        if (residency?.Breach(value) is { } breach)
        {
            findings.Add(new AccountFinding(FindingLevel.Broken, breach, residency.Fix, AccountTopic.CrossRegion));
        }
        else if (value is null)
        {
            findings.Add(new AccountFinding(FindingLevel.Note, "Where inference may run could not be read (CORTEX_ENABLED_CROSS_REGION).", null, AccountTopic.CrossRegion));
        }
        else
        {
            var off = value.Equals("DISABLED", StringComparison.OrdinalIgnoreCase);
            findings.Add(new AccountFinding(off ? FindingLevel.Warning : FindingLevel.Note,
                off ? "Inference is kept to the account's own region, where almost no Claude model is served." : $"Inference may run in: {value}",
                off ? AccountFixes.CrossRegion : null, AccountTopic.CrossRegion));
        }
    }

    private static void AddAllowList(AccountIdentity identity, string? list, ImmutableArray<AccountFinding>.Builder findings)
    {
        if (list is { Length: > 0 } && !list.Equals("All", StringComparison.OrdinalIgnoreCase))
        {
            findings.Add(new AccountFinding(FindingLevel.Note, $"CORTEX_MODELS_ALLOWLIST is {list}: other models need an application role.",
                $"GRANT APPLICATION ROLE SNOWFLAKE.\"CORTEX-MODEL-ROLE-CLAUDE-SONNET-4-6\" TO ROLE {identity.Role};", AccountTopic.ModelAllowList));
        }
    }

    private async Task AddNetworkPolicyAsync(AccountIdentity identity, TokenKind kind, ImmutableArray<AccountFinding>.Builder findings, CancellationToken cancellationToken)
    {
        var ofUser = await ParameterAsync("NETWORK_POLICY", $"IN USER \"{identity.User.Replace("\"", "\"\"", StringComparison.Ordinal)}\"", cancellationToken);
        var ofAccount = await ParameterAsync("NETWORK_POLICY", "IN ACCOUNT", cancellationToken);
        if (ofUser is null && ofAccount is null)
        {
            return;
        }
        if (string.IsNullOrEmpty(ofUser) && string.IsNullOrEmpty(ofAccount))
        {
            findings.Add(new AccountFinding(FindingLevel.Warning,
                kind == TokenKind.ProgrammaticAccess
                    ? "No network policy applies to this user: a stolen token works from everywhere, and many accounts refuse tokens without one."
                    : "No network policy applies to this user: a stolen credential works from everywhere.",
                $"CREATE NETWORK POLICY eb_users ALLOWED_IP_LIST = ('<your network>'); ALTER USER {identity.User} SET NETWORK_POLICY = eb_users;", AccountTopic.NetworkPolicy));
        }
    }

    private IEnumerable<AccountFinding> Expiry(PersonalToken token, TokenKind kind)
    {
        if (kind != TokenKind.ProgrammaticAccess || token.ExpiresAt is not { } end || !token.IsActive)
        {
            yield break;
        }
        var left = end - time.GetUtcNow();
        if (left < TimeSpan.FromDays(WarnDays))
        {
            yield return new AccountFinding(left <= TimeSpan.Zero ? FindingLevel.Broken : FindingLevel.Warning,
                left <= TimeSpan.Zero ? $"Access token {token.Name} ended {end:yyyy-MM-dd}" : $"Access token {token.Name} ends {end:yyyy-MM-dd HH:mm} UTC, in {Math.Ceiling(left.TotalDays):0} day(s)",
                PersonalToken.RotateSql(token.Name), AccountTopic.TokenExpiry);
        }
    }

    private async Task<string?> ParameterAsync(string name, string where, CancellationToken cancellationToken)
    {
        if (await ExecuteAsync($"SHOW PARAMETERS LIKE '{name}' {where}", cancellationToken) is not SqlRows rows)
        {
            return null;
        }
        var column = rows.Columns.ToList().FindIndex(column => column.Name.Equals("value", StringComparison.OrdinalIgnoreCase));
        return column >= 0 && rows.Rows is [var row, ..] && row.Length > column ? row[column] : null;
    }

    private async Task<ImmutableArray<string?>?> RowAsync(string text, CancellationToken cancellationToken) => await ExecuteAsync(text, cancellationToken) switch
    {
        SqlRows { Rows: [var row, ..] } => row,
        SqlFailure failure => throw new SignInException(failure.Message),
        _ => null,
    };

    private Task<SqlOutcome> ExecuteAsync(string text, CancellationToken cancellationToken) => sql.ExecuteAsync(new SqlStatement
    {
        Text = text,
        RequestId = Guid.NewGuid(),
        QueryTag = OwnQuestions.Tag("account check"),
        Timeout = TimeSpan.FromSeconds(60),
    }, cancellationToken);
}
