using System.CommandLine;
using System.Globalization;
using EditorBridge.Proxy;
using EditorBridge.Snowflake;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge pat list | rotate</c>: looks after programmatic access tokens.</summary>
internal static class PatCommand
{
    public static Command Build() => new("pat", "Look after programmatic access tokens.") { List(), Rotate() };

    private static Command List()
    {
        var options = new AccountOptions();
        var list = new Command("list", "List the user's tokens and when they end. Secrets are never shown.");
        options.AddTo(list);
        list.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            using var connection = options.Open(parsed);
            var tokens = await new AccountChecks(connection.Sql(), connection.Cortex(), TimeProvider.System).TokensAsync(cancellationToken)
                ?? throw new SignInException("The account did not list the tokens. Check with: editorbridge status");
            if (tokens.IsEmpty) Console.WriteLine("The user has no programmatic access tokens.");
            foreach (var token in tokens) Console.WriteLine($"{token.Name,-30} {token.Status,-10} role {token.Role ?? "(default)",-20} ends {token.ExpiresAt?.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture) ?? "?"}");
            return 0;
        }));
        return list;
    }

    private static Command Rotate()
    {
        var options = new AccountOptions();
        var name = new Argument<string>("name") { Description = "Name of the token." };
        var output = new Option<FileInfo?>("--out") { Description = "File that gets the new secret (0600). Without it the secret is kept where the sign-ins are. It is printed nowhere." };
        var hours = new Option<int>("--keep-old-hours") { Description = "How long the old secret stays good.", DefaultValueFactory = _ => 24 };
        var noBrowser = new Option<bool>("--no-browser") { Description = "Only print the address to open." };
        var command = new Command("rotate", "Make a new secret for a token, through a browser sign-in of a few minutes: Snowflake refuses that to a session of a token.") { name, output, hours, noBrowser };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            var profile = options.Profile(parsed);
            var file = parsed.GetValue(output)?.FullName ?? profile.TokenFile;
            using var rotating = await SignedInAsync(options, parsed, profile, parsed.GetValue(noBrowser), cancellationToken);
            var keeping = AccountChoice.Secrets(options.Folder(parsed));
            var tokenName = parsed.GetRequiredValue(name);
            var kept = await new PatRotation(rotating.Sql()).RotateAsync(tokenName, rotating.Credential.Kind, parsed.GetValue(hours), async secret =>
            {
                if (file is not null) StateFolder.WritePrivate(file, secret + "\n");
                else await keeping.WriteAsync(SuppliedToken.StoreName(profile), secret, cancellationToken);
                return secret;
            }, cancellationToken);
            Console.WriteLine($"Rotated. The new secret is in {file ?? keeping.Description}; the old one stays good for {parsed.GetValue(hours)} hours. A running host reads it when the account refuses the old secret.");

            // Seen to work before anybody relies on it.
            using var renewed = AccountConnection.Open(profile with { SignIn = SignInKind.ProgrammaticAccessToken, TokenFile = null, Token = new Secret(kept) }, keeping, TimeProvider.System, NullLoggerFactory.Instance);
            return await AccountCommands.WhoAsync(renewed, cancellationToken);
        }));
        return command;
    }

    // A session of its own that is forgotten afterwards, unless the connection signs in by something else than a token anyway.
    private static async Task<AccountConnection> SignedInAsync(AccountOptions options, ParseResult parsed, AccountProfile profile, bool noBrowser, CancellationToken cancellationToken)
    {
        if (profile.SignIn != SignInKind.ProgrammaticAccessToken) return options.Open(parsed, profile);
        var store = new SecretStore(Directory.CreateTempSubdirectory("editorbridge-rotate-").FullName);
        var connection = AccountConnection.Open(profile with { SignIn = SignInKind.OAuth, TokenFile = null, Token = null }, store, TimeProvider.System, NullLoggerFactory.Instance);
        try
        {
            await connection.SignIn().RunAsync(address => BrowserAddress.Show(address, noBrowser), cancellationToken);
            // Read once, then the file goes; the token lives on in memory for the minutes this takes.
            await connection.Credential.GetAsync(cancellationToken);
            return connection;
        }
        catch (SignInException)
        {
            connection.Dispose();
            throw;
        }
        finally
        {
            connection.SignOut();
            store.DeleteFolder();
        }
    }
}
