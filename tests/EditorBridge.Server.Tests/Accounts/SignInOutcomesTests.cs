using System.Security.Cryptography;
using System.Text.Json.Nodes;
using EditorBridge.Guard;
using EditorBridge.Sandbox;
using EditorBridge.Snowflake;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Server.Tests.Accounts;

/// <summary>Each way of being signed in, and each way it can go wrong, as an agent meets it: over the whole host, by its HTTP answer and its words.</summary>
public sealed class SignInOutcomesTests
{
    [Theory]
    [InlineData("authenticator = \"programmatic_access_token\"\ntoken_file_path = \"FOLDER/pat\"", "programmatic access token from a file")]
    [InlineData("authenticator = \"programmatic_access_token\"", "programmatic access token kept by EditorBridge")]
    [InlineData("authenticator = \"oauth_authorization_code\"", "browser")]
    [InlineData("authenticator = \"externalbrowser\"", "browser")]
    [InlineData("authenticator = \"snowflake_jwt\"\nprivate_key_file = \"FOLDER/key\"", "key pair")]
    [InlineData("authenticator = \"oauth\"\ntoken_file_path = \"FOLDER/oauth\"", "OAuth token from a file")]
    [InlineData("authenticator = \"oauth\"\ntoken_command = [\"cat\", \"FOLDER/oauth\"]", "OAuth token from a program")]
    public async Task Way_of_signing_in_answers_an_agent(string lines, string described)
    {
        await using var host = await SignedInHost.StartAsync(lines, PrepareAsync);
        var (status, _, text) = await host.AskAsync();
        Assert.True(status == 200, text);

        using var portal = host.Client(Client.Portal);
        using var looked = await portal.PostAsync("/bridge/account", null);
        var report = JsonNode.Parse(await looked.Content.ReadAsStringAsync())!;
        Assert.Contains(described, (string)report["signIn"]!, StringComparison.Ordinal);
        Assert.Contains(report["findings"]!.AsArray(), finding => (string)finding!["level"]! == "good" && ((string)finding["what"]!).Contains("Signed in as DEVELOPER, role ANALYST", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("403-role", 403, "permission_error", "GRANT DATABASE ROLE SNOWFLAKE.CORTEX_USER")]
    [InlineData("403-network", 403, "permission_error", "A network policy of the account refuses this address")]
    [InlineData("003001", 403, "permission_error", "Trial accounts have no AI features")]
    [InlineData("404", 404, "not_found_error", "organisation host")]
    [InlineData("394400", 401, "authentication_error", "no active network policy")]
    [InlineData("395092", 403, "permission_error", "does not accept this kind of token")]
    [InlineData("402", 429, "billing_error", "budget for this model is used up")]
    [InlineData("390112-200", 401, "authentication_error", "editorbridge login")]
    [InlineData("unknown-model", 404, "not_found_error", "CORTEX_ENABLED_CROSS_REGION")]
    public async Task Refusal_of_the_account_has_its_own_words_and_status_and_is_not_tried_again(string scenario, int expected, string type, string words)
    {
        await using var host = await SignedInHost.StartAsync("authenticator = \"programmatic_access_token\"\ntoken_file_path = \"FOLDER/pat\"", PrepareAsync);
        var (status, headers, text) = await host.AskAsync($"hello\nscenario: {scenario}");
        Assert.Equal((expected, type), (status, (string)JsonNode.Parse(text)!["error"]!["type"]!));
        Assert.Contains(words, SignedInHost.ErrorOf(text), StringComparison.Ordinal);
        Assert.Equal("false", headers.GetValues("x-should-retry").Single());
    }

    [Fact]
    public async Task Token_the_account_removed_is_refused_and_its_successor_is_taken_without_a_restart()
    {
        await using var host = await SignedInHost.StartAsync("authenticator = \"programmatic_access_token\"\ntoken_file_path = \"FOLDER/pat\"", PrepareAsync);
        var (before, _, _) = await host.AskAsync();
        await host.AdministerAsync("ALTER USER DEVELOPER REMOVE PROGRAMMATIC ACCESS TOKEN SANDBOX");
        var (after, _, text) = await host.AskAsync();
        Assert.Equal((200, 401), (before, after));
        Assert.Contains("SHOW USER PROGRAMMATIC ACCESS TOKENS", SignedInHost.ErrorOf(text), StringComparison.Ordinal);

        host.Keep("pat", host.Account.Account.Tokens.Add("NEXT", "DEVELOPER"));
        Assert.Equal(200, (await host.AskAsync()).Status);
    }

    [Fact]
    public async Task Sign_in_an_administrator_revoked_is_401_and_says_how_to_sign_in_again()
    {
        await using var host = await SignedInHost.StartAsync("authenticator = \"oauth_authorization_code\"", PrepareAsync);
        Assert.Equal(200, (await host.AskAsync()).Status);
        await host.ControlAsync(new { revoke_oauth = true });
        var (status, headers, text) = await host.AskAsync();
        Assert.Equal(401, status);
        Assert.Contains("editorbridge login", SignedInHost.ErrorOf(text), StringComparison.Ordinal);
        Assert.Equal("false", headers.GetValues("x-should-retry").Single());
    }

    [Fact]
    public async Task Nobody_signed_in_is_401_and_says_how()
    {
        await using var host = await SignedInHost.StartAsync("authenticator = \"oauth_authorization_code\"");
        var (status, _, text) = await host.AskAsync();
        Assert.Equal(401, status);
        Assert.Contains("editorbridge login", SignedInHost.ErrorOf(text), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-120, "minutes ahead of")]
    [InlineData(120, "minutes behind")]
    public async Task Clock_that_differs_from_the_accounts_is_named(int minutes, string words)
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow.AddMinutes(minutes)) { AutoAdvanceAmount = TimeSpan.Zero };
        await using var host = await SignedInHost.StartAsync("authenticator = \"snowflake_jwt\"\nprivate_key_file = \"FOLDER/key\"", RegisterAsync, new SandboxOptions { Clock = clock });
        var (status, _, text) = await host.AskAsync();
        Assert.Equal(401, status);
        Assert.Contains(words, SignedInHost.ErrorOf(text), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_goes_on_over_the_renewal_and_the_end_of_the_token_it_began_with()
    {
        await using var host = await SignedInHost.StartAsync("authenticator = \"oauth_authorization_code\"", host => host.SignInAsync(), new SandboxOptions { OAuthAccessLife = TimeSpan.FromSeconds(2) });
        using var http = host.Client(Client.Claude);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages");
        // Some forty events, a tenth of a second apart: twice the life of a token.
        request.Content = SignedInHost.Message($"sandbox: [{{\"blocks\":[{{\"text\":\"{new string('x', 160)}\"}}],\"chunk\":4,\"delay_ms\":100}}]", stream: true);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await response.Content.ReadAsStreamAsync());
        Assert.NotNull(await events.ReadLineAsync());
        // Others ask meanwhile, so the renewal happens under the stream.
        Assert.Equal(200, (await host.AskAsync()).Status);
        var rest = await events.ReadToEndAsync();
        Assert.Contains("message_stop", rest, StringComparison.Ordinal);
        Assert.DoesNotContain("event: error", rest, StringComparison.Ordinal);
        Assert.Equal(200, (await host.AskAsync()).Status);
    }

    [Fact]
    public async Task Sign_in_that_ends_inside_an_answer_ends_the_stream_with_an_error_and_no_normal_stop()
    {
        await using var host = await SignedInHost.StartAsync("authenticator = \"oauth_authorization_code\"", PrepareAsync);
        using var http = host.Client(Client.Claude);
        using var response = await http.PostAsync("/v1/messages", SignedInHost.Message(
            "sandbox: [{\"events\":[{\"event\":\"message_start\",\"data\":{\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-sonnet-4-6\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}},{\"event\":\"content_block_start\",\"data\":{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}},{\"event\":\"content_block_delta\",\"data\":{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"half\"}}},{\"data\":{\"error\":{\"message\":\"OAuth access token expired.\",\"code\":\"390318\"}}}]}]", stream: true));
        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains("event: error", text, StringComparison.Ordinal);
        Assert.Contains("editorbridge login", text, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", text, StringComparison.Ordinal);
    }

    /// <summary>Has a secret ready for whichever way the connection names.</summary>
    private static async Task PrepareAsync(SignedInHost host)
    {
        var connection = File.ReadAllText(host.State.In("connections.toml"));
        if (connection.Contains("snowflake_jwt", StringComparison.Ordinal))
        {
            await RegisterAsync(host);
        }
        else if (connection.Contains("\"oauth\"", StringComparison.Ordinal))
        {
            host.Keep("oauth", host.Account.Account.OAuth.AddAccess("LOCAL_APPLICATION", "DEVELOPER", "ANALYST"));
        }
        else if (connection.Contains("token_file_path", StringComparison.Ordinal))
        {
            host.Keep("pat", host.Account.ProgrammaticAccessToken);
        }
        else if (connection.Contains("programmatic_access_token", StringComparison.Ordinal))
        {
            using var open = host.Open();
            await open.Store.WriteAsync(SuppliedToken.StoreName(open.Profile), host.Account.ProgrammaticAccessToken, CancellationToken.None);
        }
        else
        {
            await host.SignInAsync();
        }
    }

    private static async Task RegisterAsync(SignedInHost host)
    {
        using var key = RSA.Create(2048);
        host.Keep("key", key.ExportPkcs8PrivateKeyPem());
        await host.AdministerAsync($"alter user DEVELOPER set rsa_public_key = '{Convert.ToBase64String(key.ExportSubjectPublicKeyInfo())}'");
    }
}
