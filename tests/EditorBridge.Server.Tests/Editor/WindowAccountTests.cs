using System.Net;
using EditorBridge.Editor;
using EditorBridge.Guard;
using EditorBridge.Server.Tests.Hosting;
using StreamJsonRpc;

namespace EditorBridge.Server.Tests.Editor;

/// <summary>Signing in from an editor: a token out of its secret storage, and by browser.</summary>
public sealed class WindowAccountTests : IAsyncLifetime
{
    private readonly HostFixture _host = new();

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Token_of_the_editor_signs_in_and_is_in_no_file()
    {
        await _host.RestartAsync(options => options with { TokenFile = null, TokenFromEditor = true });
        using var window = await HostWindows.OpenAsync(_host.State);
        Assert.Equal(("editorToken", false), await StateAsync(window));
        var missing = await Assert.ThrowsAsync<RemoteInvocationException>(() => window.AskAsync<ChatModelsResult>(EditorMethods.ChatModels));
        Assert.Contains("Sign In to Snowflake", missing.Message, StringComparison.Ordinal);

        var wrong = await Assert.ThrowsAsync<RemoteInvocationException>(() => window.AskAsync<SignInResult>(EditorMethods.SupplyToken, new TokenParams("no-token-of-anybody", Check: true)));
        Assert.Equal(EditorErrors.Refused, wrong.ErrorCode);
        Assert.DoesNotContain("no-token-of-anybody", wrong.Message, StringComparison.Ordinal);

        var token = _host.Account.ProgrammaticAccessToken;
        Assert.Contains("DEVELOPER", (await window.AskAsync<SignInResult>(EditorMethods.SupplyToken, new TokenParams(token, Check: true))).Message, StringComparison.Ordinal);
        Assert.NotEmpty((await window.AskAsync<ChatModelsResult>(EditorMethods.ChatModels)).Models);
        Assert.Equal(("editorToken", true), await StateAsync(window));

        var typo = await Assert.ThrowsAsync<RemoteInvocationException>(() => window.AskAsync<SignInResult>(EditorMethods.SupplyToken, new TokenParams(token + "x", Check: true)));
        Assert.Contains("the one before it stays in use", typo.Message, StringComparison.Ordinal);
        Assert.Equal(("editorToken", true), await StateAsync(window));
        Assert.NotEmpty((await window.AskAsync<ChatModelsResult>(EditorMethods.ChatModels)).Models);
        foreach (var file in Directory.EnumerateFiles(_host.State.Path, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) is not (".sock" or ".lock")))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var text = new StreamReader(stream);
            Assert.DoesNotContain(token, await text.ReadToEndAsync(), StringComparison.Ordinal);
        }

        await window.AskAsync<SignInResult>(EditorMethods.SupplyToken, new TokenParams(null, Check: false));
        await Assert.ThrowsAsync<RemoteInvocationException>(() => window.AskAsync<ChatModelsResult>(EditorMethods.ChatModels));
    }

    private static async Task<(string SignIn, bool HasToken)> StateAsync(EditorClient window)
    {
        var account = await window.AskAsync<AccountStateResult>(EditorMethods.AccountState);
        return (account.SignIn, account.HasToken);
    }

    [Fact]
    public async Task Browser_sign_in_is_shown_by_the_window_and_comes_back_to_a_port_of_ours()
    {
        await _host.RestartAsync(options => options with { TokenFile = null });
        using var window = await HostWindows.OpenAsync(_host.State);
        Assert.Equal("browser", (await window.AskAsync<AccountStateResult>(EditorMethods.AccountState)).SignIn);
        using (var portal = _host.Client(Client.Portal)) await portal.PostAsync("/bridge/account", null);
        Assert.Contains((await window.NoticesAsync()).Notices, notice => notice.Level == "error");
        OpenAddressParams? opened = null;
        window.Browser = async address =>
        {
            opened = address;
            using var browser = new HttpClient();
            var page = await browser.GetAsync(address.Address);
            return page.StatusCode == HttpStatusCode.OK;
        };

        var answer = await window.AskAsync<SignInResult>(EditorMethods.SignIn);
        Assert.Contains("Signed in to", answer.Message, StringComparison.Ordinal);
        Assert.StartsWith("http://127.0.0.1:", opened!.Redirect, StringComparison.Ordinal);
        Assert.NotEmpty((await window.AskAsync<ChatModelsResult>(EditorMethods.ChatModels)).Models);
        // The account is looked at again at once, not when the next look is due.
        while ((await window.NoticesAsync()).Notices.Any(notice => notice.Level == "error"))
        {
            // An answer to the look before.
        }
    }

    [Fact]
    public async Task Browser_that_nobody_opens_ends_the_sign_in_at_once()
    {
        await _host.RestartAsync(options => options with { TokenFile = null });
        using var window = await HostWindows.OpenAsync(_host.State);
        var error = await Assert.ThrowsAsync<RemoteInvocationException>(() => window.AskAsync<SignInResult>(EditorMethods.SignIn));
        Assert.Contains("was not opened", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_for_a_connection_that_takes_none_is_refused()
    {
        using var window = await HostWindows.OpenAsync(_host.State);
        Assert.Equal("elsewhere", (await window.AskAsync<AccountStateResult>(EditorMethods.AccountState)).SignIn);
        var error = await Assert.ThrowsAsync<RemoteInvocationException>(() => window.AskAsync<SignInResult>(EditorMethods.SupplyToken, new TokenParams("x", Check: false)));
        Assert.Contains("takes no token", error.Message, StringComparison.Ordinal);
    }
}
