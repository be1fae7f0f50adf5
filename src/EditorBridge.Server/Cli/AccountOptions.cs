using System.CommandLine;
using EditorBridge.Hosting;
using EditorBridge.Proxy;
using EditorBridge.Snowflake;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Cli;

/// <summary>The options that say which account a command is about.</summary>
internal sealed class AccountOptions
{
    public Option<string?> Account { get; } = new("--account") { Description = "Connection by its name in Snowflake's files or ours, or an account identifier such as myorg-myaccount." };
    public Option<FileInfo?> TokenFile { get; } = new("--pat-file") { Description = "File (0600) holding a programmatic access token." };
    public Option<Uri?> Sandbox { get; } = new("--sandbox") { Description = "The stand-in account at this address.", CustomParser = ServeCommand.Address };
    public Option<string?> State { get; } = StateOption.Build();

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[Account, TokenFile, Sandbox, State]) command.Add(option);
    }

    /// <summary>True when the command line names an account instead of leaving the choice to the configuration.</summary>
    public bool NamesAnAccount(ParseResult parsed) => parsed.GetValue(Account) is not null || parsed.GetValue(Sandbox) is not null || parsed.GetValue(TokenFile) is not null;

    /// <summary>The running host, where neither the command line nor the configuration names an account: then its account is the one that is meant.</summary>
    public async Task<HostAddress?> HostInsteadAsync(ParseResult parsed, CancellationToken cancellationToken) =>
        NamesAnAccount(parsed) || SnowflakeAccounts.Load(ProfileSearch.OfThisUser(AccountChoice.OwnFile(Folder(parsed)))).Default is not null
            ? null
            : await HostFinder.FindAsync(Folder(parsed), cancellationToken);

    public StateFolder Folder(ParseResult parsed) => StateFolder.Open(parsed.GetValue(State));

    public AccountProfile Profile(ParseResult parsed) =>
        AccountChoice.Profile(Folder(parsed), parsed.GetValue(Account), parsed.GetValue(Sandbox), parsed.GetValue(TokenFile)?.FullName);

    /// <exception cref="SignInException">The connection cannot be used as it is.</exception>
    public AccountConnection Open(ParseResult parsed, AccountProfile? profile = null) =>
        AccountConnection.Open(profile ?? Profile(parsed), AccountChoice.Secrets(Folder(parsed)), TimeProvider.System, NullLoggerFactory.Instance);
}
