using EditorBridge.Ledger;
using EditorBridge.Portal.Security;

namespace EditorBridge.Portal.Reading;

public static class LedgerFeature
{
    public static void AddLedgerReading(this IServiceCollection services)
    {
        services.AddSingleton(provider => LedgerReader.Open(provider.GetRequiredService<PortalState>().LedgerFolder));
        services.AddSingleton<LedgerWindow>();
        services.AddSingleton<LedgerTail>();
        services.AddHostedService(provider => provider.GetRequiredService<LedgerTail>());
        services.AddSingleton<WaitingReviews>();
        services.AddSingleton<SavedViews>();
        services.AddSingleton<LedgerCheck>();
        services.AddSingleton<AccountComparison>();
        services.AddScoped<ViewerClock>();
    }
}
