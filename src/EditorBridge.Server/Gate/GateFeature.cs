using EditorBridge.Hooks;

namespace EditorBridge.Gate;

internal static class GateFeature
{
    /// <summary>The gate and the doors that need nothing else.</summary>
    public static IServiceCollection AddGate(this IServiceCollection services)
    {
        services.AddSingleton<PolicyInForce>();
        services.AddSingleton<AdmittedCalls>();
        services.AddSingleton<ConnectedTools>();
        services.AddSingleton<SessionTaints>();
        services.AddSingleton<TagReader>();
        services.AddSingleton<AgentSessions>();
        services.AddSingleton<ReturnedTools>();
        services.AddSingleton<SessionGrants>();
        services.AddSingleton<ReviewDesk>();
        services.AddSingleton<ReviewRestore>();
        services.AddSingleton(provider =>
        {
            var gate = ActivatorUtilities.CreateInstance<ActionGate>(provider);
            // The desk needs the gate's judgement of an edit; the gate needs the desk to ask. The gate is the one that knows both.
            provider.GetRequiredService<ReviewDesk>().JudgeEditAsync = gate.JudgeEditAsync;
            return gate;
        });
        services.AddHostedService<ReachReader>();
        services.AddSingleton<ClaudeHookEndpoint>();
        return services;
    }
}
