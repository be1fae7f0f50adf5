namespace EditorBridge.Snowflake;

public sealed class SnowflakeAccountsTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("eb-profiles-").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public void Connections_file_stands_for_the_connections_of_the_config_file()
    {
        Write("config.toml", """
            default_connection_name = "dev"
            [connections.old]
            account = "old-account"
            [cli.logs]
            save_logs = true
            """);
        Write("connections.toml", """
            [dev]
            account = "myorg-my_account"
            user = "me@example.com"
            password = "never-read"
            authenticator = "SNOWFLAKE_JWT"
            private_key_path = "~/key.p8"
            role = "ANALYST"
            warehouse = "WH"
            [other]
            account = "xy12345.eu-central-1"
            authenticator = "https://example.okta.com"
            """);
        var found = Load();
        Assert.Equal(["dev", "other"], found.Profiles.Select(profile => profile.Name));
        var dev = found.Choose(null);
        Assert.Equal("https://myorg-my-account.snowflakecomputing.com/", dev.Account.BaseAddress.ToString());
        Assert.Equal(("myorg-my_account", SignInKind.KeyPair, "ANALYST", "WH"), (dev.Identifier, dev.SignIn, dev.Role, dev.Warehouse));
        Assert.Equal(Path.Combine(_home, "key.p8"), dev.PrivateKeyFile);
        Assert.Equal(SignInKind.Unsupported, found.Choose("other").SignIn);
        Assert.DoesNotContain("never-read", string.Concat(found.Profiles), StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_complete_and_override()
    {
        Write("connections.toml", "[my_dev]\naccount = \"a-b\"\nuser = \"u\"\n");
        var found = Load(("SNOWFLAKE_CONNECTIONS_MY_DEV_ROLE", "R"), ("SNOWFLAKE_CONNECTIONS_MY_DEV_USER", "v"), ("SNOWFLAKE_WAREHOUSE", "W"), ("SNOWFLAKE_USER", "ignored"), ("SNOWFLAKE_CONNECTIONS_CI_ACCOUNT", "c-d"));
        var dev = found.Choose("my_dev");
        Assert.Equal(("v", "R", "W"), (dev.User, dev.Role, dev.Warehouse));
        Assert.Contains("environment", dev.Sources);
        Assert.Equal("c-d.snowflakecomputing.com", found.Choose("ci").Account.BaseAddress.Host);
    }

    [Fact]
    public void Environment_alone_is_a_connection()
    {
        var profile = Load(("SNOWFLAKE_ACCOUNT", "myorg-myaccount"), ("SNOWFLAKE_TOKEN_FILE_PATH", "/run/secrets/pat")).Choose(null);
        Assert.Equal((SignInKind.ProgrammaticAccessToken, "/run/secrets/pat"), (profile.SignIn, profile.TokenFile));
    }

    [Fact]
    public void Own_file_stands_over_the_others()
    {
        Write("connections.toml", "[dev]\naccount = \"a-b\"\nrole = \"R\"\n");
        var own = Path.Combine(_home, "accounts.toml");
        File.WriteAllText(own, "default_connection_name = \"dev\"\n[dev]\nrole = \"MINE\"\ntoken_command = [\"helper\", \"print token\"]\nauthenticator = \"oauth\"\n");
        var profile = SnowflakeAccounts.Load(new ProfileSearch(new Dictionary<string, string>(), _home, own)).Choose(null);
        Assert.Equal(("MINE", SignInKind.ExternalToken), (profile.Role, profile.SignIn));
        Assert.Equal(["helper", "print token"], profile.TokenCommand);
    }

    [Theory]
    [InlineData("[dev]\naccount = \"127.0.0.1\"\nport = 4711\nprotocol = \"http\"\n", "http://127.0.0.1:4711/", true)]
    [InlineData("[dev]\nhost = \"127.0.0.1\"\naccount = \"x\"\nport = 4711\n", "http://127.0.0.1:4711/", true)]
    [InlineData("[dev]\naccount = \"xy12345\"\nregion = \"cn-north-1\"\n", "https://xy12345.cn-north-1.snowflakecomputing.cn/", false)]
    [InlineData("[dev]\naccount = \"x\"\nhost = \"private.example.com\"\n", "https://private.example.com/", false)]
    public void Address_follows_from_the_keys(string toml, string address, bool sandbox)
    {
        Write("connections.toml", toml);
        var account = Load().Choose(null).Account;
        Assert.Equal((address, sandbox), (account.BaseAddress.ToString(), account.IsSandbox));
    }

    [Theory]
    [InlineData("[dev]\naccount = \"evil.example/x\"\n", "is no account identifier")]
    [InlineData("[dev]\naccount = \"x\"\nprotocol = \"http\"\n", "must be https")]
    [InlineData("[dev]\nuser = \"x\"\n", "names no account")]
    [InlineData("[dev\n", "not valid TOML")]
    public void Connection_that_cannot_be_used_is_said_and_left_out(string toml, string expected)
    {
        Write("connections.toml", toml);
        var found = Load();
        Assert.Empty(found.Profiles);
        Assert.Contains(found.Problems, problem => problem.Contains(expected, StringComparison.Ordinal));
        Assert.Contains("editorbridge login", Assert.Throws<SignInException>(() => found.Choose(null)).Message, StringComparison.Ordinal);
        Assert.Contains("no connection named 'x'", Assert.Throws<SignInException>(() => found.Choose("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void File_others_can_read_is_warned_about()
    {
        Write("connections.toml", "[dev]\naccount = \"a-b\"\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path.Combine(_home, ".snowflake", "connections.toml"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
            Assert.Contains(Load().Problems, problem => problem.Contains("chmod 600", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Token_file_is_read_anew_when_the_account_refuses_it()
    {
        var path = Path.Combine(_home, "pat");
        WriteSecret(path, "first\n");
        var credential = ProgrammaticAccessToken.FromFile(path);
        var first = await credential.GetAsync(default);
        Assert.Equal("first", first.Value);
        Assert.False(await credential.RenewAsync(first, default));
        WriteSecret(path, "second");
        Assert.True(await credential.RenewAsync(first, default));
        Assert.Equal("second", (await credential.GetAsync(default)).Value);
    }

    [Fact]
    public async Task Token_file_others_can_read_is_not_used()
    {
        var path = Path.Combine(_home, "pat");
        await File.WriteAllTextAsync(path, "secret");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.OtherRead);
            var exception = await Assert.ThrowsAsync<SignInException>(async () => await ProgrammaticAccessToken.FromFile(path).GetAsync(default));
            Assert.Contains("chmod 600", exception.Message, StringComparison.Ordinal);
        }
        await Assert.ThrowsAsync<SignInException>(async () => await ProgrammaticAccessToken.FromFile(path + ".missing").GetAsync(default));
    }

    private ProfilesFound Load(params (string Name, string Value)[] environment) =>
        SnowflakeAccounts.Load(new ProfileSearch(environment.ToDictionary(entry => entry.Name, entry => entry.Value), _home, AllowedHosts: ["private.example.com"]));

    private void Write(string name, string text)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(_home, ".snowflake")).FullName, name);
        WriteSecret(path, text);
    }

    private static void WriteSecret(string path, string text)
    {
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }
}
