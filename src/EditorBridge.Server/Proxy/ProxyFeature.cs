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
        var (account, credential) = AccountChoice.Make(options);
        services.AddSingleton(account);
        services.AddSingleton(new GateContext(account.Name, Role: null, Warehouse: null, options.State.Path, options.Port == 0 ? null : options.Port));
        services.AddSingleton(new ProxySettings(SanitizerRules.Default, account.IsSandbox));
        services.AddSingleton(provider => new CortexClient(
            account,
            credential,
            new HttpMessageInvoker(new EgressHandler(EgressHandler.Sockets(), [account.BaseAddress])),
            new CortexOptions(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<CortexClient>>()));
        services.AddSingleton<StreamGate>();
        services.AddSingleton<AnswerGate>();
        services.AddSingleton<MessagesEndpoint>();
        services.AddSingleton<ModelsEndpoint>();
        return services;
    }

    public static void MapProxy(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup("/v1").RequireToken(Client.Claude);
        api.MapPost("/messages", (HttpContext context, MessagesEndpoint messages) => messages.AnswerAsync(context));
        api.MapPost("/messages/count_tokens", (Delegate)CountTokensEndpoint.AnswerAsync);
        api.MapGet("/models", (ModelsEndpoint models, CancellationToken cancellationToken) => models.ListAsync(cancellationToken));
        api.MapGet("/models/{id}", (string id, ModelsEndpoint models, CancellationToken cancellationToken) => models.GetAsync(id, cancellationToken));
    }
}
