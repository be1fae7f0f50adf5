using System.Collections.Frozen;

namespace EditorBridge.Messages;

/// <summary>What a Claude model takes, as far as it decides what a request may hold.</summary>
/// <param name="AdaptiveThinking">Takes <c>thinking: {"type":"adaptive"}</c>.</param>
/// <param name="BudgetThinking">Takes <c>thinking: {"type":"enabled","budget_tokens":n}</c>.</param>
/// <param name="Sampling">Takes <c>temperature</c>, <c>top_p</c> and <c>top_k</c>.</param>
/// <param name="Effort">Takes <c>output_config.effort</c> without a beta header.</param>
/// <param name="EffortWithBeta">Takes it with the beta <c>effort-2025-11-24</c>.</param>
public readonly record struct ModelTraits(bool AdaptiveThinking, bool BudgetThinking, bool Sampling, bool Effort, bool EffortWithBeta)
{
    private static readonly string[] BudgetOnly =
        ["claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5", "claude-4-sonnet", "claude-4-opus", "claude-opus-4-1", "claude-3"];

    /// <summary>The traits of a model by its account name. An unknown, newer Claude is taken to be like the newest known.</summary>
    public static ModelTraits Of(string model)
    {
        if (!ModelNames.IsClaude(model))
        {
            // Another dialect decides what becomes of these.
            return new(true, true, true, true, true);
        }
        if (BudgetOnly.Any(prefix => model.StartsWith(prefix, StringComparison.Ordinal)))
        {
            return new(AdaptiveThinking: false, BudgetThinking: true, Sampling: true, Effort: false,
                EffortWithBeta: model.StartsWith("claude-opus-4-5", StringComparison.Ordinal));
        }
        var both = model.StartsWith("claude-opus-4-6", StringComparison.Ordinal) || model.StartsWith("claude-sonnet-4-6", StringComparison.Ordinal);
        return new(AdaptiveThinking: true, BudgetThinking: both, Sampling: both, Effort: true, EffortWithBeta: true);
    }
}

/// <summary>
/// Turns the names clients use into the account's. Snowflake knows neither dated ids nor the <c>[1m]</c> suffix, and has its own
/// word order for the first Sonnet 4.
/// </summary>
public static class ModelNames
{
    /// <summary>Aliases that ship with the product; a setting may add to them or replace them.</summary>
    public static readonly FrozenDictionary<string, string> DefaultAliases = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["claude-sonnet-4"] = "claude-4-sonnet",
        ["claude-sonnet-4-0"] = "claude-4-sonnet",
        ["claude-opus-4"] = "claude-opus-4-5",
        ["claude-opus-4-0"] = "claude-opus-4-5",
        ["claude-opus-4-1"] = "claude-opus-4-5",
        // Ids newer than the account's catalogue fall back to the newest of their line.
        ["claude-opus-5-5"] = "claude-opus-5",
        ["claude-sonnet-5-5"] = "claude-sonnet-5",
        ["claude-haiku-5-5"] = "claude-haiku-4-5",
        ["claude-fable-5-2"] = "claude-fable-5",
        // Retired lines that older clients still ask for in their side requests.
        ["claude-3-5-haiku"] = "claude-haiku-4-5",
        ["claude-3-haiku"] = "claude-haiku-4-5",
        ["claude-3-5-sonnet"] = "claude-sonnet-4-5",
        ["claude-3-7-sonnet"] = "claude-sonnet-4-5",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Claude Code offers only models whose id holds "claude" or "anthropic"; with this before it any model can be chosen.</summary>
    private const string DiscoveryPrefix = "anthropic-";

    /// <summary>The id under which Claude Code offers the model: its own, or with a prefix that <see cref="Resolve"/> takes off again.</summary>
    public static string DiscoveryId(string model) =>
        model.Contains("claude", StringComparison.OrdinalIgnoreCase) || model.Contains("anthropic", StringComparison.OrdinalIgnoreCase) ? model : DiscoveryPrefix + model;

    /// <summary>Whether Snowflake serves the model on its Messages endpoint.</summary>
    public static bool IsClaude(string model) => model.StartsWith("claude", StringComparison.OrdinalIgnoreCase);

    /// <summary>The account's name for a client's. An exact alias wins over every rule.</summary>
    public static string Resolve(string model, IReadOnlyDictionary<string, string> aliases)
    {
        var name = model.Trim();
        if (aliases.TryGetValue(name, out var exact))
        {
            return exact;
        }
        if (name.EndsWith("[1m]", StringComparison.OrdinalIgnoreCase))
        {
            name = name[..^4];
        }
        name = WithoutSuffix(WithoutDate(WithoutPrefix(name)));
        return aliases.GetValueOrDefault(name, name);
    }

    private static string WithoutPrefix(string name) =>
        name.Length > DiscoveryPrefix.Length && name.StartsWith(DiscoveryPrefix, StringComparison.Ordinal) ? name[DiscoveryPrefix.Length..] : name;

    private static string WithoutSuffix(string name) => name.EndsWith("-latest", StringComparison.Ordinal) ? name[..^"-latest".Length] : name;

    private static string WithoutDate(string name) =>
        name.Length > 9 && name[^9] == '-' && name[^8..].All(char.IsAsciiDigit) ? name[..^9] : name;
}
