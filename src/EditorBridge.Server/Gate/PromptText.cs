using System.Text.RegularExpressions;

namespace EditorBridge.Gate;

/// <summary>What a person asked of an agent, as a reviewer gets to see it.</summary>
internal static partial class PromptText
{
    private const int Longest = 2_000;

    /// <summary>The person's own words: without what Claude Code puts around them, and cut; null when nothing is left.</summary>
    public static string? Of(string? text)
    {
        if (text is null) return null;
        var own = Reminders().Replace(text, "").Trim();
        if (own.Length == 0) return null;
        return own.Length <= Longest ? own : own[..Longest] + " …";
    }

    [GeneratedRegex("<system-reminder>.*?(</system-reminder>|$)", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Reminders();
}
