using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Messages;
using EditorBridge.Snowflake;

namespace EditorBridge.Proxy;

internal static class ProxyFeature
{
    /// <summary>The Messages proxy and the account behind it.</summary>
    public static IServiceCollection AddProxy(this IServiceCollection services, ServeOptions options)
    {
        var profile = AccountChoice.Profile(options);
        services.AddSingleton(profile.Account);
        services.AddSingleton(new GateContext(profile.Name, profile.Role, profile.Warehouse, options.State.Path, options.Port == 0 ? null : options.Port, profile.Database, profile.Schema, options.ReviewLifetime));
        services.AddSingleton(ProxySettingsFile.Read(options.State) with
        {
            IsSandbox = profile.Account.IsSandbox,
            Legacy = options.Upstream == UpstreamPath.InferenceComplete,
            ByGateway = options.Upstream == UpstreamPath.AiGateway,
        });
        services.AddSingleton(provider => AccountChoice.Open(
            profile, options.State, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>(), provider.GetRequiredService<EgressRecord>().Refused));
        services.AddSingleton(provider => provider.GetRequiredService<AccountConnection>().Cortex(new CortexOptions
        {
            BasePath = options.Upstream == UpstreamPath.AiGateway ? CortexOptions.AiGatewayBasePath : CortexOptions.DefaultBasePath,
        }));
        services.AddSingleton(provider => provider.GetRequiredService<AccountConnection>().Sql());
        services.AddSingleton<EgressRecord>();
        services.AddSingleton<TokenCounts>();
        services.AddHostedService(provider => provider.GetRequiredService<TokenCounts>());
        services.AddSingleton(provider => new ResidencyGuard(options.Residency, provider.GetRequiredService<SqlApiClient>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<HeldAnswers>();
        services.AddSingleton<StreamGate>();
        services.AddSingleton<AnswerGate>();
        services.AddSingleton<MessagesEndpoint>();
        services.AddSingleton<ModelsEndpoint>();
        return services;
    }

    public static void MapProxy(this IEndpointRouteBuilder routes)
    {
        // A connection that cannot be used is told before the host starts, not at the first request.
        _ = routes.ServiceProvider.GetRequiredService<AccountConnection>();
        var api = routes.MapGroup("/v1").RequireToken(Client.Claude);
        api.MapPost("/messages", (HttpContext context, MessagesEndpoint messages) => messages.AnswerAsync(context));
        api.MapPost("/messages/count_tokens", (Delegate)CountTokensEndpoint.AnswerAsync);
        api.MapGet("/models", ([AsParameters] ModelPage page, ModelsEndpoint models, CancellationToken cancellationToken) => models.ListAsync(page, cancellationToken));
        api.MapGet("/models/{id}", (string id, ModelsEndpoint models, CancellationToken cancellationToken) => models.GetAsync(id, cancellationToken));
    }
}
