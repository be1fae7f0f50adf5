using EditorBridge.Accounts;
using EditorBridge.Gate;
using EditorBridge.Proxy;
using EditorBridge.Snowflake;

namespace EditorBridge.Editor;

internal static class EditorFeature
{
    /// <summary>The control channel for editors and the command line.</summary>
    public static IServiceCollection AddEditors(this IServiceCollection services)
    {
        services.AddSingleton<EditorAnswers>();
        services.AddSingleton<LedgerWitness>();
        services.AddSingleton<Keeping.LedgerJobs>();
        services.AddSingleton(provider => new EditorChat(provider.GetRequiredService<MessagesEndpoint>().AnswerAsync, provider.GetRequiredService<CortexClient>().ListModelsAsync));
        services.AddSingleton<Func<EditorWindow, IEnumerable<object>>>(provider => window =>
            [new WindowReviews(window, provider.GetRequiredService<ActionGate>(), provider.GetRequiredService<ReviewDesk>()), new WindowChat(window, provider.GetRequiredService<EditorChat>()), new WindowAccount(window, provider.GetRequiredService<AccountConnection>(), provider.GetRequiredService<AccountWatch>(), provider.GetRequiredService<TimeProvider>()), new WindowRoleSetup(window, provider.GetRequiredService<RoleSetup>())]);
        services.AddSingleton<EditorEndpoint>();
        services.AddHostedService(provider => provider.GetRequiredService<EditorEndpoint>());
        return services;
    }
}
