namespace EditorBridge.Sandbox.Cortex;

internal enum ModelFamily
{
    Claude,
    OpenAi,
    Other,
}

/// <param name="AdaptiveThinking">Takes <c>thinking: adaptive</c> and <c>output_config.effort</c>.</param>
/// <param name="BudgetThinking">Takes <c>thinking: enabled</c> with a token budget.</param>
/// <param name="SamplingParameters">Takes <c>temperature</c>, <c>top_p</c>, <c>top_k</c>.</param>
internal sealed record CortexModel(
    string Name, ModelFamily Family, bool AdaptiveThinking = false, bool BudgetThinking = false, bool SamplingParameters = true);

/// <summary>The models the account offers: Snowflake's names, which differ from Anthropic's (no dates, <c>claude-4-sonnet</c>).</summary>
internal static class ModelCatalog
{
    public static readonly IReadOnlyList<CortexModel> All =
    [
        new("claude-opus-5", ModelFamily.Claude, AdaptiveThinking: true, SamplingParameters: false),
        new("claude-opus-4-8", ModelFamily.Claude, AdaptiveThinking: true, SamplingParameters: false),
        new("claude-opus-4-7", ModelFamily.Claude, AdaptiveThinking: true, SamplingParameters: false),
        new("claude-opus-4-6", ModelFamily.Claude, AdaptiveThinking: true, BudgetThinking: true),
        new("claude-opus-4-5", ModelFamily.Claude, BudgetThinking: true),
        new("claude-sonnet-5", ModelFamily.Claude, AdaptiveThinking: true, SamplingParameters: false),
        new("claude-sonnet-4-6", ModelFamily.Claude, AdaptiveThinking: true, BudgetThinking: true),
        new("claude-sonnet-4-5", ModelFamily.Claude, BudgetThinking: true),
        new("claude-4-sonnet", ModelFamily.Claude, BudgetThinking: true),
        new("claude-haiku-4-5", ModelFamily.Claude, BudgetThinking: true),
        new("claude-fable-5", ModelFamily.Claude, AdaptiveThinking: true, SamplingParameters: false),
        new("openai-gpt-4.1", ModelFamily.OpenAi),
        new("openai-gpt-5", ModelFamily.OpenAi),
        new("openai-gpt-5-mini", ModelFamily.OpenAi),
        new("openai-gpt-5.1", ModelFamily.OpenAi),
        new("llama4-maverick", ModelFamily.Other),
        new("llama3.1-70b", ModelFamily.Other),
        new("deepseek-r1", ModelFamily.Other),
        new("mistral-large2", ModelFamily.Other),
        new("snowflake-llama-3.3-70b", ModelFamily.Other),
    ];

    private static readonly Dictionary<string, CortexModel> ByName = All.ToDictionary(model => model.Name, StringComparer.Ordinal);

    public static CortexModel? Find(string name) => ByName.GetValueOrDefault(name);
}
