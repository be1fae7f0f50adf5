using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>How a request thinks once it has left: the fields <c>thinking</c> and <c>output_config.effort</c>.</summary>
/// <param name="Budget">Tokens, for <see cref="ThinkingMode.Enabled"/>.</param>
/// <param name="Effort">An effort that follows from the thinking asked for, when the client named none.</param>
internal readonly record struct Thinking(ThinkingMode Mode, long Budget, string? Effort);

internal enum ThinkingMode
{
    /// <summary>The field is not sent.</summary>
    Absent,
    Disabled,
    Adaptive,
    Enabled,
}

/// <summary>The rules between thinking, model, tool choice and <c>max_tokens</c>.</summary>
internal static class ThinkingRules
{
    /// <summary>The least budget the API takes.</summary>
    public const long LeastBudget = 1024;

    public static Thinking Decide(JsonElement root, ModelTraits model, long maxTokens, string? effort, bool openToolTurn, SanitizerPass pass)
    {
        if (root.Member("thinking"u8) is not { ValueKind: JsonValueKind.Object } asked)
        {
            return default;
        }
        foreach (var member in asked.EnumerateObject())
        {
            if (!member.NameEquals("type"u8) && !member.NameEquals("budget_tokens"u8))
            {
                pass.Log.Add(RemovalKind.Thinking, $"thinking.{member.KnownName()}", "thinking");
            }
        }
        var wanted = Wanted(asked, model, maxTokens, effort, pass);
        var forced = root.Member("tool_choice"u8) is { } choice && (choice.Is("type"u8, "any"u8) || choice.Is("type"u8, "tool"u8));
        if (wanted.Mode is ThinkingMode.Adaptive or ThinkingMode.Enabled && forced)
        {
            pass.Log.Add(RemovalKind.Thinking, "thinking with a forced tool", "thinking");
            return default;
        }
        if (wanted.Mode == ThinkingMode.Enabled && openToolTurn)
        {
            pass.Log.Add(RemovalKind.Thinking, "thinking in the middle of a tool turn", "thinking");
            return default;
        }
        return wanted;
    }

    private static Thinking Wanted(JsonElement asked, ModelTraits model, long maxTokens, string? effort, SanitizerPass pass)
    {
        switch (asked.Text("type"u8))
        {
            case "disabled":
                return new(ThinkingMode.Disabled, 0, null);
            case "enabled" when model.BudgetThinking:
                return Budget(asked.Whole("budget_tokens"u8) ?? LeastBudget, maxTokens, pass);
            case "enabled":
                pass.Log.Add(RemovalKind.Thinking, "thinking.budget_tokens", "thinking");
                return new(ThinkingMode.Adaptive, 0, EffortOf(asked.Whole("budget_tokens"u8) ?? 0));
            case "adaptive" or "between_tools" when model.AdaptiveThinking:
                if (!asked.Is("type"u8, "adaptive"u8))
                {
                    pass.Log.Add(RemovalKind.Thinking, "thinking.between_tools", "thinking");
                }
                return new(ThinkingMode.Adaptive, 0, null);
            case "adaptive" or "between_tools" when model.BudgetThinking:
                pass.Log.Add(RemovalKind.Thinking, "thinking.adaptive", "thinking");
                return Budget(BudgetOf(effort), maxTokens, pass);
            default:
                pass.Log.Add(RemovalKind.Thinking, $"thinking.{asked.Text("type"u8)}", "thinking");
                return default;
        }
    }

    private static Thinking Budget(long asked, long maxTokens, SanitizerPass pass)
    {
        if (maxTokens <= LeastBudget)
        {
            pass.Log.Add(RemovalKind.Thinking, "thinking without room in max_tokens", "thinking");
            return default;
        }
        var budget = Math.Clamp(asked, LeastBudget, maxTokens - 1);
        if (budget != asked)
        {
            pass.Log.Add(RemovalKind.Thinking, "thinking.budget_tokens", "thinking");
        }
        return new(ThinkingMode.Enabled, budget, null);
    }

    /// <summary>Claude Code asks for 31999 where it wants all the thinking there is.</summary>
    private static string EffortOf(long budget) => budget switch
    {
        < 4_096 => "low",
        < 16_000 => "medium",
        _ => "high",
    };

    private static long BudgetOf(string? effort) => effort switch
    {
        "low" => 2_048,
        "medium" => 8_192,
        _ => 31_999,
    };
}
