namespace EditorBridge.Portal.Host;

public static class HostFeature
{
    public static void AddHostConnection(this IServiceCollection services)
    {
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<HostConnection>(provider, HostConnection.CreateClient()));
        services.AddSingleton<HostWatch>();
        services.AddSingleton<AccessRecorder>();
        services.AddHostedService(provider => provider.GetRequiredService<HostWatch>());
    }
}
