using System.Security.Cryptography;
using System.Text.Json;
using EditorBridge.Messages;
using EditorBridge.Sandbox;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Snowflake;

/// <summary>Each way of signing in, its renewal and its end, against the sandbox with a clock the test moves.</summary>
public sealed class StayingSignedInTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private readonly string _folder = Directory.CreateTempSubdirectory("eb-sign-in-").FullName;
    private SandboxServer? _server;

    private SandboxServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await SandboxServer.StartAsync(new SandboxOptions { Clock = _clock }, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Browser_sign_in_is_kept_only_for_its_owner_and_opens_the_account()
    {
        using var connection = await SignedInAsync();
        Assert.NotEmpty(await connection.Cortex().ListModelsAsync(default));
        var file = Assert.Single(Directory.EnumerateFiles(Path.Combine(_folder, "secrets")));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(file)!));
        }
        Assert.True(connection.SignOut());
        Assert.False(connection.SignOut());
        using var after = Connection();
        var exception = await Assert.ThrowsAsync<CortexException>(() => after.Cortex().ListModelsAsync(default));
        Assert.Contains("editorbridge login", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_is_renewed_in_the_background_after_four_fifths_of_its_life()
    {
        using var connection = await SignedInAsync();
        var first = await connection.Credential.GetAsync(default);
        _clock.Advance(TimeSpan.FromSeconds(470));
        Assert.Same(first, await connection.Credential.GetAsync(default));
        _clock.Advance(TimeSpan.FromSeconds(20));
        // The one who asks does not wait: the old token is still good.
        Assert.Same(first, await connection.Credential.GetAsync(default));
        while (ReferenceEquals(await connection.Credential.GetAsync(default), first))
        {
            await Task.Yield();
        }
        Assert.NotEmpty(await connection.Cortex().ListModelsAsync(default));
    }

    [Fact]
    public async Task Ended_token_is_renewed_once_for_everybody_who_asks()
    {
        using var connection = await SignedInAsync();
        var first = await connection.Credential.GetAsync(default);
        _clock.Advance(TimeSpan.FromSeconds(700));
        var tokens = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => connection.Credential.GetAsync(default).AsTask()));
        Assert.NotSame(first, Assert.Single(tokens.Distinct()));
    }

    [Fact]
    public async Task Token_the_account_revoked_is_renewed_and_the_request_answered()
    {
        using var connection = await SignedInAsync();
        var refused = await connection.Credential.GetAsync(default);
        Assert.True(await connection.Credential.RenewAsync(refused, default));
        Assert.NotSame(refused, await connection.Credential.GetAsync(default));
    }

    [Fact]
    public async Task Sign_in_that_has_ended_for_good_says_so_and_how_to_sign_in_again()
    {
        using var connection = await SignedInAsync();
        await ControlAsync("""{"revoke_oauth":true}""");
        var (body, headers) = CortexAccount.Ask("hello");
        await using var response = await connection.Cortex().SendMessagesAsync(body, headers, default);
        Assert.Equal(401, response.Failure!.Error.Status);
        Assert.Contains("editorbridge login", response.Failure.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("access_denied")]
    [InlineData("invalid_scope")]
    public async Task Refused_sign_in_keeps_nothing(string error)
    {
        await ControlAsync($$"""{"oauth_error":"{{error}}"}""");
        using var connection = Connection();
        var exception = await Assert.ThrowsAsync<SignInException>(() => connection.SignIn().RunAsync(Open, default));
        Assert.Contains("refused", exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "secrets")));
    }

    [Fact]
    public async Task Answer_without_our_state_is_not_taken_for_the_sign_in()
    {
        using var connection = Connection();
        using var cancelled = new CancellationTokenSource();
        var forged = new TaskCompletionSource<int>();
        var signIn = connection.SignIn().RunAsync(address => _ = ForgeAsync(address, forged), cancelled.Token);
        Assert.Equal(400, await forged.Task);
        Assert.False(signIn.IsCompleted);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => signIn);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Key_pair_signs_in_with_a_plain_or_encrypted_key(bool encrypted)
    {
        using var key = RSA.Create(2048);
        await RegisterAsync(key);
        var path = Path.Combine(_folder, "key.p8");
        var pem = encrypted ? key.ExportEncryptedPkcs8PrivateKeyPem("open sesame", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 2000)) : key.ExportPkcs8PrivateKeyPem();
        await WriteSecretAsync(path, pem);
        var profile = Profile(SignInKind.KeyPair) with { Identifier = "SANDBOX.eu-central-1", User = "developer", PrivateKeyFile = path, PrivateKeyPassphrase = encrypted ? new Secret("open sesame") : null };
        using var connection = AccountConnection.Open(profile, new SecretStore(Path.Combine(_folder, "secrets")), _clock, NullLoggerFactory.Instance);
        Assert.NotEmpty(await connection.Cortex().ListModelsAsync(default));
        var first = await connection.Credential.GetAsync(default);
        _clock.Advance(TimeSpan.FromMinutes(60));
        Assert.NotSame(first, await connection.Credential.GetAsync(default));
    }

    [Fact]
    public async Task Encrypted_key_without_its_passphrase_names_the_setting()
    {
        using var key = RSA.Create(2048);
        var path = Path.Combine(_folder, "key.p8");
        await WriteSecretAsync(path, key.ExportEncryptedPkcs8PrivateKeyPem("x", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 2000)));
        using var connection = AccountConnection.Open(Profile(SignInKind.KeyPair) with { User = "u", PrivateKeyFile = path }, new SecretStore(_folder), _clock, NullLoggerFactory.Instance);
        var exception = await Assert.ThrowsAsync<SignInException>(async () => await connection.Credential.GetAsync(default));
        Assert.Contains("PRIVATE_KEY_PASSPHRASE", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("xy12345.eu-central-1", "XY12345")]
    [InlineData("myorg-my_account", "MYORG-MY_ACCOUNT")]
    [InlineData("xy12345-abc.global", "XY12345")]
    public void Account_in_a_key_pair_token_is_the_identifier_without_its_region(string account, string expected) =>
        Assert.Equal(expected, KeyPairCredential.AccountPart(account));

    [Theory]
    [InlineData("token-1", "token-1", 300)]
    [InlineData("""{"access_token":"token-2","expires_in":900}""", "token-2", 900)]
    public async Task Token_of_a_program_is_taken_alone_or_as_json(string output, string token, int life)
    {
        var credential = new ExternalTokenCredential(Profile(SignInKind.ExternalToken) with { TokenCommand = ["printf", "%s\\n", output] }, _clock, NullLogger<ExternalTokenCredential>.Instance);
        var taken = await credential.GetAsync(default);
        Assert.Equal((token, _clock.GetUtcNow().AddSeconds(life)), (taken.Value, taken.ExpiresAt));
    }

    [Theory]
    [InlineData("false")]
    [InlineData("/no/such/program")]
    public async Task Program_that_gives_no_token_is_named(string program)
    {
        var credential = new ExternalTokenCredential(Profile(SignInKind.ExternalToken) with { TokenCommand = [program] }, _clock, NullLogger<ExternalTokenCredential>.Instance);
        var exception = await Assert.ThrowsAsync<SignInException>(async () => await credential.GetAsync(default));
        Assert.Contains(program, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Way_of_signing_in_that_is_not_offered_lists_those_that_are()
    {
        var exception = Assert.Throws<SignInException>(() => AccountConnection.Open(Profile(SignInKind.Unsupported) with { Authenticator = "username_password_mfa" }, new SecretStore(_folder), _clock, NullLoggerFactory.Instance));
        Assert.Contains("oauth_authorization_code", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_is_rotated_through_a_browser_session_and_refused_to_a_token_session()
    {
        using var browser = await SignedInAsync();
        var secret = await new PatRotation(Sql(browser)).RotateAsync("SANDBOX", browser.Credential.Kind, 24, Task.FromResult, default);
        Assert.NotEqual(Server.ProgrammaticAccessToken, secret);
        using var token = AccountConnection.Open(Profile(SignInKind.ProgrammaticAccessToken) with { Token = new Secret(secret) }, new SecretStore(_folder), _clock, NullLoggerFactory.Instance);
        Assert.NotEmpty(await token.Cortex().ListModelsAsync(default));
        var exception = await Assert.ThrowsAsync<SignInException>(() => new PatRotation(Sql(token)).RotateAsync("SANDBOX", token.Credential.Kind, 24, Task.FromResult, default));
        Assert.Contains("ALTER USER ROTATE PROGRAMMATIC ACCESS TOKEN \"SANDBOX\"", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Account_is_checked_cause_by_cause()
    {
        using var token = AccountConnection.Open(Profile(SignInKind.ProgrammaticAccessToken) with { Token = new Secret(Server.ProgrammaticAccessToken) }, new SecretStore(_folder), _clock, NullLoggerFactory.Instance);
        var checks = new AccountChecks(Sql(token), token.Cortex(), _clock);
        var findings = await RunAsync(checks);
        Assert.Contains(findings, finding => finding.Level == FindingLevel.Good && finding.What.Contains("role ANALYST", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding.Level == FindingLevel.Broken && finding.What.Contains("ANY_REGION", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding.What.Contains("No network policy", StringComparison.Ordinal));
        _clock.Advance(TimeSpan.FromDays(10));
        Assert.Contains(await RunAsync(checks), finding => finding.Level == FindingLevel.Warning && finding.Fix?.Contains("ROTATE", StringComparison.Ordinal) == true);

        using var admin = AccountConnection.Open(Profile(SignInKind.ProgrammaticAccessToken) with { Token = new Secret(Server.AdminToken) }, new SecretStore(_folder), _clock, NullLoggerFactory.Instance);
        Assert.Contains(await RunAsync(new AccountChecks(Sql(admin), admin.Cortex(), _clock)), finding => finding.Level == FindingLevel.Warning && finding.What.Contains("ACCOUNTADMIN", StringComparison.Ordinal));

        Task<System.Collections.Immutable.ImmutableArray<AccountFinding>> RunAsync(AccountChecks made) =>
            made.RunAsync(TokenKind.ProgrammaticAccess, ResidencyRule.EuropeOnly, default);
    }

    [Theory]
    [InlineData("AWS_EU", false)]
    [InlineData("DISABLED", false)]
    [InlineData("aws_eu,AZURE_EU", false)]
    [InlineData("ANY_REGION", true)]
    [InlineData("AWS_EU,AWS_US", true)]
    [InlineData("", true)]
    [InlineData(null, true)]
    public void Europe_only_lets_nothing_else_and_no_unknown_pass(string? parameter, bool breach) =>
        Assert.Equal(breach, ResidencyRule.EuropeOnly.Breach(parameter) is not null);

    [Fact]
    public void Role_script_quotes_names_and_grants_only_what_was_asked()
    {
        var script = RoleScript.Write(new RoleWish("agents", "bob\"; drop user x; --", "WH", ["RAW"], ["claude-sonnet-4-6"], Reconcile: false));
        Assert.Contains("CREATE ROLE IF NOT EXISTS AGENTS;", script, StringComparison.Ordinal);
        Assert.Contains("TO USER \"bob\"\"; drop user x; --\";", script, StringComparison.Ordinal);
        Assert.Contains("CORTEX-MODEL-ROLE-CLAUDE-SONNET-4-6", script, StringComparison.Ordinal);
        Assert.DoesNotContain("USAGE_VIEWER", script, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_secret_is_printed()
    {
        var profile = Profile(SignInKind.KeyPair) with { Token = new Secret("canary-1"), PrivateKeyPassphrase = new Secret("canary-2"), OAuthClientSecret = new Secret("canary-3") };
        var tokens = new OAuthTokens("canary-4", "canary-5", _clock.GetUtcNow(), _clock.GetUtcNow(), "u", null);
        Assert.DoesNotContain("canary", $"{profile} {tokens} {new AccessToken("canary-6", TokenKind.OAuth, null)}", StringComparison.Ordinal);
    }

    private AccountProfile Profile(SignInKind kind) => new()
    {
        Name = "sandbox",
        Account = new SnowflakeAccount("sandbox", Server.BaseAddress, IsSandbox: true),
        Identifier = "SANDBOX",
        SignIn = kind,
        Sources = [],
    };

    private AccountConnection Connection() => AccountConnection.Open(Profile(SignInKind.OAuth), new SecretStore(Path.Combine(_folder, "secrets")), _clock, NullLoggerFactory.Instance);

    private async Task<AccountConnection> SignedInAsync()
    {
        var connection = Connection();
        Assert.Equal("DEVELOPER", await connection.SignIn().RunAsync(Open, default));
        return connection;
    }

    /// <summary>The person's browser: follows the redirect back to the waiting port.</summary>
    private static void Open(Uri address) => _ = BrowseAsync(address);

    private static async Task BrowseAsync(Uri address)
    {
        using var browser = new HttpClient();
        using var _ = await browser.GetAsync(address);
    }

    private static async Task ForgeAsync(Uri address, TaskCompletionSource<int> answered)
    {
        var redirect = System.Web.HttpUtility.ParseQueryString(address.Query)["redirect_uri"];
        using var browser = new HttpClient();
        using var response = await browser.GetAsync($"{redirect}?code=forged&state=guessed");
        answered.SetResult((int)response.StatusCode);
    }

    private async Task ControlAsync(string settings)
    {
        using var http = new HttpClient { BaseAddress = Server.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", Server.ProgrammaticAccessToken);
        using var response = await http.PostAsync("/_sandbox/control", new StringContent(settings, System.Text.Encoding.UTF8, "application/json"));
        response.EnsureSuccessStatusCode();
    }

    private async Task RegisterAsync(RSA key)
    {
        using var admin = AccountConnection.Open(Profile(SignInKind.ProgrammaticAccessToken) with { Token = new Secret(Server.AdminToken) }, new SecretStore(_folder), _clock, NullLoggerFactory.Instance);
        var outcome = await Sql(admin).ExecuteAsync(new SqlStatement { Text = $"alter user DEVELOPER set rsa_public_key = '{Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())}'", RequestId = Guid.NewGuid() }, default);
        Assert.IsType<SqlRows>(outcome);
    }

    /// <summary>Statements wait by the real clock: only sign-ins live by the one the test moves.</summary>
    private static SqlApiClient Sql(AccountConnection connection) =>
        new(connection.Profile.Account, connection.Credential, connection.Http, TimeProvider.System, NullLogger<SqlApiClient>.Instance);

    private static async Task WriteSecretAsync(string path, string text)
    {
        await File.WriteAllTextAsync(path, text);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }
}
