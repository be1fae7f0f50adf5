namespace EditorBridge.Ide;

internal static class IdeFeature
{
    /// <summary>The IDE protocol's doors, one for each editor window that asks.</summary>
    public static IServiceCollection AddIde(this IServiceCollection services)
    {
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<IdeDoors>(provider, IdeLockFile.Folder));
        services.AddHostedService(provider => provider.GetRequiredService<IdeDoors>());
        return services;
    }
}
