using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary>Findings on a terminal: a mark, what was found, and below it what mends it.</summary>
internal static class FindingLines
{
    public static void Show(AccountFinding finding)
    {
        Console.WriteLine($"{Mark(finding.Level)} {TerminalText.Line(finding.What)}");
        if (finding.Fix is { } fix) Console.WriteLine($"       {TerminalText.Line(fix)}");
    }

    private static string Mark(FindingLevel level) => level switch
    {
        FindingLevel.Good => "ok    ",
        FindingLevel.Note => "note  ",
        FindingLevel.Warning => "warn  ",
        FindingLevel.Broken => "BROKEN",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "A level without a mark."),
    };
}
