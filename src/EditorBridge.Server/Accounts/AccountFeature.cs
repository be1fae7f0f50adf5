using System.Collections.Immutable;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Snowflake;

namespace EditorBridge.Accounts;

/// <param name="At">When the account was looked at; null when it has not been yet.</param>
/// <param name="SignIn">How the host is signed in, in words.</param>
internal sealed record AccountReply(DateTimeOffset? At, string SignIn, ImmutableArray<AccountFinding> Findings)
{
    public static AccountReply Of(AccountReport? report, string signIn) => new(report?.At, signIn, report?.Findings ?? []);
}

internal static class AccountFeature
{
    /// <summary>The watch over the account, and what editors are told of it.</summary>
    public static IServiceCollection AddAccountWatch(this IServiceCollection services) => services
        .AddSingleton<AccountWatch>()
        .AddHostedService(provider => provider.GetRequiredService<AccountWatch>())
        .AddSingleton<HostNotices>()
        .AddSingleton<RoleSetup>();

    public static void MapAccount(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/bridge/account", (AccountWatch watch, AccountConnection connection) => Answer(watch.Last, connection)).RequireToken(Client.Portal);
        routes.MapPost("/bridge/account", async (AccountWatch watch, AccountConnection connection, CancellationToken cancellationToken) => Answer(await watch.LookAsync(cancellationToken), connection)).RequireToken(Client.Portal);
    }

    private static IResult Answer(AccountReport? report, AccountConnection connection) => Results.Json(AccountReply.Of(report, connection.Credential.Description), GateEntries.Wire);
}
