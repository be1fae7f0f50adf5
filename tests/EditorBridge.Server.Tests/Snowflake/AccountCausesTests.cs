using EditorBridge.Sandbox;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Snowflake;

/// <summary>What stands in the way in the account, each cause told apart from those that look alike, each with what mends it.</summary>
public sealed class AccountCausesTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("eb-causes-").FullName;
    private SandboxServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await SandboxServer.StartAsync(new SandboxOptions(), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(AccountTopic.InferenceRight, "GRANT DATABASE ROLE SNOWFLAKE.CORTEX_REST_API_USER TO ROLE ANALYST;", "revoke database role SNOWFLAKE.CORTEX_USER from role PUBLIC")]
    [InlineData(AccountTopic.CrossRegion, "ALTER ACCOUNT SET CORTEX_ENABLED_CROSS_REGION", "alter account set CORTEX_ENABLED_CROSS_REGION = 'DISABLED'")]
    [InlineData(AccountTopic.ModelAllowList, "GRANT APPLICATION ROLE SNOWFLAKE.\"CORTEX-MODEL-ROLE-ALL\" TO ROLE ANALYST;", "alter account set CORTEX_MODELS_ALLOWLIST = 'None'", "call SNOWFLAKE.LOCAL.REVOKE_FROM_PUBLIC_APPLICATION_ROLE('APP_ROLE','CORTEX-MODEL-ROLE-ALL')")]
    public async Task Setting_of_the_account_is_named_and_mended_by_its_own_sql(AccountTopic topic, string fix, params string[] statements)
    {
        using var admin = Connection(_server.AdminToken);
        foreach (var statement in statements) Assert.IsType<SqlRows>(await admin.Sql().ExecuteAsync(new SqlStatement { Text = statement, RequestId = Guid.NewGuid() }, default));
        var broken = Assert.Single(await FindAsync(_server.ProgrammaticAccessToken), finding => finding.Level == FindingLevel.Broken);
        Assert.Equal(topic, broken.Topic);
        Assert.Contains(fix, broken.Fix, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AccountTopic.NetworkPolicy, "ALTER NETWORK POLICY", """{"network_blocked":true}""")]
    [InlineData(AccountTopic.SignIn, "SET NETWORK_POLICY", """{"pat_needs_network_policy":true}""")]
    [InlineData(AccountTopic.Account, "payment card", """{"fault":"003001"}""")]
    [InlineData(AccountTopic.Address, "CURRENT_ACCOUNT_NAME()", """{"fault":"404"}""")]
    [InlineData(AccountTopic.SignIn, "editorbridge login", """{"fault":"390318"}""")]
    public async Task Refusal_is_told_by_its_cause(AccountTopic topic, string fix, string control)
    {
        using var http = new HttpClient { BaseAddress = _server.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", _server.AdminToken);
        using var response = await http.PostAsync("/_sandbox/control", new StringContent(control, System.Text.Encoding.UTF8, "application/json"));
        response.EnsureSuccessStatusCode();
        var broken = Assert.Single(await FindAsync(_server.ProgrammaticAccessToken));
        Assert.Equal((FindingLevel.Broken, topic), (broken.Level, broken.Topic));
        Assert.Contains(fix, broken.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Administrator_role_is_warned_about() =>
        Assert.Contains(await FindAsync(_server.AdminToken), finding => finding is { Level: FindingLevel.Warning, Topic: AccountTopic.Role } && finding.What.Contains("ACCOUNTADMIN", StringComparison.Ordinal));

    [Fact]
    public async Task Account_that_answers_with_fewer_columns_than_were_asked_for_is_a_finding()
    {
        await using var account = await AnsweringAsync("""["1"]""");

        Assert.Equal(FindingLevel.Broken, Assert.Single(await FindAsync(_server.ProgrammaticAccessToken, new Uri(account.Urls.Single()))).Level);
    }

    [Fact]
    public async Task Secondary_roles_that_widen_every_statement_are_warned_about()
    {
        await using var account = await AnsweringAsync("""["ALICE","ANALYST","ACC","AWS_EU_CENTRAL_1","WH","{\"roles\":\"LOADER,OWNER\",\"value\":\"ALL\"}"]""");

        var warned = Assert.Single(await FindAsync(_server.ProgrammaticAccessToken, new Uri(account.Urls.Single())), finding => finding.Topic == AccountTopic.SecondaryRoles);

        Assert.Equal((FindingLevel.Warning, "ALTER USER ALICE SET DEFAULT_SECONDARY_ROLES = ();"), (warned.Level, warned.Fix));
    }

    // An account that gives one row as the answer to everything.
    private static async Task<WebApplication> AnsweringAsync(string row)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var account = builder.Build();
        account.Run(http => http.Response.WriteAsync($$"""{"code":"090001","statementHandle":"01","resultSetMetaData":{"numRows":1,"partitionInfo":[{"rowCount":1}],"rowType":[{"name":"ID","type":"text"}]},"data":[{{row}}]}"""));
        await account.StartAsync();
        return account;
    }

    private async Task<System.Collections.Immutable.ImmutableArray<AccountFinding>> FindAsync(string token, Uri? account = null)
    {
        using var connection = Connection(token, account);
        return await new AccountChecks(connection.Sql(), connection.Cortex(CortexAccount.Quick), TimeProvider.System).RunAsync(TokenKind.ProgrammaticAccess, residency: null, default);
    }

    private AccountConnection Connection(string token, Uri? account = null) => AccountConnection.Open(
        new AccountProfile
        {
            Name = "sandbox",
            Account = new SnowflakeAccount("sandbox", account ?? _server.BaseAddress, IsSandbox: true),
            Identifier = "SANDBOX",
            SignIn = SignInKind.ProgrammaticAccessToken,
            Token = new Secret(token),
            Sources = [],
        },
        new SecretStore(_folder), TimeProvider.System, NullLoggerFactory.Instance);
}
