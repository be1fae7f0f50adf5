namespace EditorBridge.Editor;

internal static class EditorFeature
{
    /// <summary>The control channel for editors and the command line.</summary>
    public static IServiceCollection AddEditors(this IServiceCollection services)
    {
        services.AddSingleton<EditorAnswers>();
        services.AddSingleton<LedgerWitness>();
        services.AddSingleton<Keeping.LedgerJobs>();
        services.AddSingleton<EditorEndpoint>();
        services.AddHostedService(provider => provider.GetRequiredService<EditorEndpoint>());
        return services;
    }
}
