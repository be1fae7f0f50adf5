using System.Collections.Immutable;

namespace EditorBridge.Portal.Reading;

/// <summary>Findings as marks in the text they speak of.</summary>
public static class FindingMarks
{
    public static ImmutableArray<Mark> Of(ImmutableArray<ReviewFinding> findings) =>
        [.. findings.Where(finding => finding.Start >= 0 && finding.Length > 0)
            .Select(finding => new Mark(finding.Start, finding.Length, "finding " + Risk.Names[Risk.Level(finding.Severity)], $"{finding.RuleId}: {finding.Message}"))];
}
