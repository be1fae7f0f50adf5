namespace EditorBridge.Snowflake;

/// <summary>Where sign-ins are kept: the operating system's store where there is one, files that only their owner can read otherwise.</summary>
public sealed class SecretStoreTests : IDisposable
{
    private const string Canary = "canary-refresh-token";
    private readonly string _folder = Directory.CreateTempSubdirectory("eb-secrets-").FullName;

    private string Secrets => Path.Combine(_folder, "secrets");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Secret_is_encrypted_with_a_key_of_the_systems_store_and_read_by_the_next_process()
    {
        await Store(Tool(), required: true).WriteAsync("a", Canary, default);
        Assert.DoesNotContain(Canary, await FilesAsync(), StringComparison.Ordinal);
        Assert.Equal(Canary, await Store(Tool()).ReadAsync("a", default));
        Assert.Contains("keyring of your desktop session", Store(Tool()).Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secret_whose_key_cannot_be_had_is_refused_and_says_what_to_do()
    {
        await Store(Tool()).WriteAsync("a", Canary, default);
        var exception = await Assert.ThrowsAsync<SignInException>(() => Store(keyring: null).ReadAsync("a", default));
        Assert.Contains("editorbridge login", exception.Message, StringComparison.Ordinal);
        exception = await Assert.ThrowsAsync<SignInException>(() => Store(Tool(locked: true)).ReadAsync("a", default));
        Assert.Contains("Cannot get secret of a locked object", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sealed_file_of_one_sign_in_does_not_open_another()
    {
        var store = Store(Tool());
        await store.WriteAsync("a", Canary, default);
        var a = Directory.EnumerateFiles(Secrets).Single();
        await store.WriteAsync("b", "other", default);
        var b = Directory.EnumerateFiles(Secrets).Single(file => file != a);
        File.Copy(a, b, overwrite: true);
        var exception = await Assert.ThrowsAsync<SignInException>(() => store.ReadAsync("b", default));
        Assert.Contains("changed", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_store_the_secret_is_a_file_of_its_owner_and_that_is_said()
    {
        var store = Store(Tool(locked: true));
        await store.WriteAsync("a", Canary, default);
        Assert.Equal(Canary, await FilesAsync());
        Assert.Contains("not encrypted", store.Description, StringComparison.Ordinal);
        Assert.Contains("locked object", store.Description, StringComparison.Ordinal);
        // Once the keyring opens, what was kept before is still read, and what is kept next is encrypted.
        Assert.Equal(Canary, await Store(Tool()).ReadAsync("a", default));
        await Store(Tool()).WriteAsync("a", Canary, default);
        Assert.DoesNotContain(Canary, await FilesAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Store_that_is_required_and_missing_keeps_nothing()
    {
        var exception = await Assert.ThrowsAsync<SignInException>(() => Store(keyring: null, required: true).WriteAsync("a", Canary, default));
        Assert.Contains("EDITORBRIDGE_SECRETS", exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Secrets));
    }

    [Fact]
    public void No_tool_of_the_system_is_given_a_secret_as_an_argument()
    {
        KeyringCall[] calls = [SecretServiceKeyring.Lookup("secret-tool", "n"), SecretServiceKeyring.Store("secret-tool", "n", Canary), MacKeychain.Lookup("n"), MacKeychain.Store("n", Canary)];
        Assert.All(calls, call => Assert.DoesNotContain(call.Arguments, argument => argument.Contains(Canary, StringComparison.Ordinal)));
        Assert.Equal(Canary, calls[1].Input);
        Assert.Equal($"add-generic-password -U -s \"EditorBridge\" -a \"n\" -w \"{Canary}\"\n", calls[3].Input);
    }

    [Theory]
    [InlineData(null, SecretsChoice.Auto)]
    [InlineData("file", SecretsChoice.File)]
    [InlineData("System", SecretsChoice.System)]
    [InlineData("keychain", null)]
    [InlineData("1", null)]
    public void Variable_chooses_the_store_and_nothing_else_is_taken(string? value, object? choice)
    {
        var environment = value is null ? new Dictionary<string, string>() : new() { [SystemKeyring.Variable] = value };
        if (choice is null) Assert.Throws<SignInException>(() => SystemKeyring.Choice(environment));
        else Assert.Equal((SecretsChoice)choice, SystemKeyring.Choice(environment));
    }

    private SecretStore Store(SystemKeyring? keyring, bool required = false) => new(Secrets, keyring, required);

    private async Task<string> FilesAsync() => string.Concat(await Task.WhenAll(Directory.EnumerateFiles(Secrets).Select(file => File.ReadAllTextAsync(file))));

    /// <summary>The desktop's tool, as far as it is used: keeps what it is given on standard input in a file, or says that the keyring is locked.</summary>
    private SecretServiceKeyring Tool(bool locked = false)
    {
        var tool = Path.Combine(_folder, locked ? "locked-tool" : "secret-tool");
        var kept = Path.Combine(_folder, "keyring");
        File.WriteAllText(tool, locked
            ? "#!/bin/sh\necho 'secret-tool: Cannot get secret of a locked object' >&2\nexit 1\n"
            : $"#!/bin/sh\nif [ \"$1\" = store ]; then cat > '{kept}'; else [ -f '{kept}' ] && cat '{kept}'; fi\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new SecretServiceKeyring(tool);
    }
}
