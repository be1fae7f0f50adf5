using System.Collections.Immutable;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Policies;

namespace EditorBridge.Budgets;

/// <summary>A count as the portal and the command line show it.</summary>
/// <param name="Key">The session, project or model; empty for a limit of the user.</param>
internal sealed record LimitWire(string Name, string Per, string Within, string Count, string Key, decimal Used, decimal? Soft, decimal? Hard, bool SoftReached, bool HardReached, DateTimeOffset RenewsAt)
{
    public static LimitWire Of(LimitState state) => new(
        state.Limit.Name, PolicyWords.Of(state.Limit.Per), PolicyWords.Of(state.Limit.Within), PolicyWords.Of(state.Limit.Count), state.Key, state.Used, state.Limit.Soft, state.Limit.Hard,
        state.IsSoft, state.IsHard, state.RenewsAt);
}

/// <param name="Problem">Why the counts are not known; null when they are.</param>
internal sealed record BudgetsReply(ImmutableArray<LimitWire> Limits, string? Problem);

internal static class BudgetFeature
{
    /// <summary>Budgets and rate limits. A file that cannot be used stops the start.</summary>
    public static IServiceCollection AddBudgets(this IServiceCollection services, StateFolder state)
    {
        var limits = BudgetFile.Read(state);
        var prices = BudgetFile.ReadPrices(state);
        return services.AddSingleton(provider => new BudgetGuard(
            limits, prices, state, provider.GetRequiredService<LedgerWriter>(), provider.GetRequiredService<AgentSessions>(), provider.GetRequiredService<TimeProvider>()));
    }

    public static void MapBudgets(this IEndpointRouteBuilder routes) => routes.MapGet("/bridge/budgets", async (BudgetGuard budgets, CancellationToken cancellationToken) =>
        Results.Json(await budgets.StatesAsync(cancellationToken) is { } states
            ? new BudgetsReply([.. states.Select(LimitWire.Of)], null)
            : new BudgetsReply([], "The ledger cannot be read, so it is not known what is left. Requests that a limit speaks of are refused meanwhile."), GateEntries.Wire)).RequireToken(Client.Portal);
}
