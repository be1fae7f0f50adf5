using EditorBridge.Accounts;
using EditorBridge.Snowflake;
using StreamJsonRpc;

namespace EditorBridge.Editor;

/// <summary>The part of a window's contract that is about signing in to the Snowflake account.</summary>
internal sealed class WindowAccount(EditorWindow window, AccountConnection connection, AccountWatch watch, TimeProvider time)
{
    [JsonRpcMethod(EditorMethods.AccountState)]
    public AccountStateResult State()
    {
        window.RequireIntroduction();
        return new AccountStateResult(connection.Profile.Name, connection.Profile.Account.BaseAddress.Authority, EditorWire.Name(Way), connection.Credential.Description, connection.Credential is SuppliedToken { IsThere: true });
    }

    /// <summary>Signs in by browser: the window shows the page, the account sends the browser back to a port of ours.</summary>
    [JsonRpcMethod(EditorMethods.SignIn)]
    public async Task<SignInResult> SignInAsync(CancellationToken cancellationToken)
    {
        RequirePerson();
        if (Way != SignInWay.Browser) throw EditorWire.Error(EditorErrors.Refused, $"Connection '{connection.Profile.Name}' signs in with {connection.Credential.Description}, not by browser. Nothing was changed.");
        try
        {
            var opened = Task.CompletedTask;
            // A window that cannot open the page ends the wait for it.
            using var shown = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var user = await connection.SignIn().RunAsync(address => opened = ShowAsync(address, shown), shown.Token);
            await opened;
            watch.LookSoon();
            return new SignInResult($"Signed in to {connection.Profile.Account.BaseAddress.Authority}{(user is null ? "" : $" as {user}")}. Kept in {connection.Store.Description}.");
        }
        catch (SignInException e)
        {
            throw EditorWire.Error(EditorErrors.Refused, e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw EditorWire.Error(EditorErrors.Refused, "The sign-in page was not opened, so nobody signed in. Nothing was changed.");
        }
    }

    /// <summary>Takes the access token that the editor keeps, or takes it away; where wanted, asks the account who that is.</summary>
    [JsonRpcMethod(EditorMethods.SupplyToken, UseSingleObjectParameterDeserialization = true)]
    public async Task<SignInResult> SupplyAsync(TokenParams supplied, CancellationToken cancellationToken)
    {
        RequirePerson();
        if (connection.Credential is not SuppliedToken credential) throw EditorWire.Error(EditorErrors.Refused, $"Connection '{connection.Profile.Name}' signs in with {connection.Credential.Description}, and takes no token from an editor. Nothing was changed.");
        if (string.IsNullOrWhiteSpace(supplied.Token))
        {
            credential.Supply(null);
            watch.LookSoon();
            return new SignInResult("The token is forgotten here. It stays good in the account until it ends or is taken away there.");
        }

        if (!supplied.Check)
        {
            credential.Supply(supplied.Token);
            watch.LookSoon();
            return new SignInResult("The token is at hand.");
        }

        // Tried beside the one in use: a typo must not sign everybody of this host out.
        var tried = ProgrammaticAccessToken.FromValue(supplied.Token);
        try
        {
            var identity = await new AccountChecks(connection.Sql(tried), connection.Cortex(credential: tried), time).WhoAmIAsync(cancellationToken);
            credential.Supply(supplied.Token);
            watch.LookSoon();
            return new SignInResult($"Signed in to {connection.Profile.Account.BaseAddress.Authority} as {identity.User}, role {identity.Role}.");
        }
        catch (Exception e) when (e is SignInException or CortexException)
        {
            throw EditorWire.Error(EditorErrors.Refused, $"The account did not take the token, so it was not kept{(credential.IsThere ? "; the one before it stays in use" : "")}. {e.Message}");
        }
    }

    private SignInWay Way => connection.Credential switch
    {
        SuppliedToken => SignInWay.EditorToken,
        OAuthCredential => SignInWay.Browser,
        _ => SignInWay.Elsewhere,
    };

    private async Task ShowAsync(Uri address, CancellationTokenSource shown)
    {
        try
        {
            var redirect = System.Web.HttpUtility.ParseQueryString(address.Query)["redirect_uri"] ?? "";
            var answer = await window.AskAsync<OpenAddressResult>(EditorMethods.OpenAddress, new OpenAddressParams(address.AbsoluteUri, redirect), shown.Token);
            if (!answer.Opened) await shown.CancelAsync();
        }
        catch (Exception e) when (e is RemoteInvocationException or ConnectionLostException)
        {
            await shown.CancelAsync();
        }
    }

    private void RequirePerson()
    {
        window.RequireIntroduction();
        if (window.IsTerminal) throw EditorWire.Error(EditorErrors.Refused, "The command line signs in with: editorbridge login. Nothing was changed.");
    }
}

/// <summary>Where a connection's sign-in comes from.</summary>
internal enum SignInWay
{
    /// <summary>A person signs in with the browser.</summary>
    Browser,
    /// <summary>An access token that the editor keeps in its own secret storage.</summary>
    EditorToken,
    /// <summary>A file, a key, a program, or a token from outside: nothing for an editor to do.</summary>
    Elsewhere,
}
