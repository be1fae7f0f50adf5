using System.Collections.Immutable;

namespace EditorBridge.Budgets;

/// <summary>What shares a limit.</summary>
internal enum LimitScope
{
    /// <summary>Everything this EditorBridge sends: one person's use on this machine.</summary>
    User,
    /// <summary>One session of an agent.</summary>
    Session,
    /// <summary>The folder an agent works in.</summary>
    Project,
    /// <summary>One model, by the account's name.</summary>
    Model,
}

/// <summary>How long a count lasts before it starts anew. Aligned to UTC, as the account's own days are.</summary>
internal enum LimitWindow
{
    Minute,
    Hour,
    Day,
    Month,
}

/// <summary>What is counted.</summary>
internal enum LimitMeasure
{
    Requests,
    /// <summary>Of all four kinds: input, output, read from and written to the cache.</summary>
    Tokens,
    OutputTokens,
    /// <summary>Estimated with the price table.</summary>
    Dollars,
}

/// <summary>A budget or a rate limit, as <c>budgets.yaml</c> gives it.</summary>
/// <param name="Line">Where it stands in the file, from 1.</param>
/// <param name="Models">Only these models, <c>*</c> stands for any letters; empty for all.</param>
/// <param name="Projects">Only these folders and what is in them; empty for all.</param>
/// <param name="Soft">From here on the answer carries a note; null for none.</param>
/// <param name="Hard">From here on requests are refused; null for never.</param>
internal sealed record Limit(
    string Name, int Line, LimitScope Per, LimitWindow Within, LimitMeasure Count, ImmutableArray<string> Models, ImmutableArray<string> Projects, decimal? Soft, decimal? Hard)
{
    /// <summary>The beginning of the window a moment lies in.</summary>
    public DateTimeOffset StartOf(DateTimeOffset moment)
    {
        var utc = moment.UtcDateTime;
        return Within switch
        {
            LimitWindow.Minute => new(utc.Year, utc.Month, utc.Day, utc.Hour, utc.Minute, 0, TimeSpan.Zero),
            LimitWindow.Hour => new(utc.Year, utc.Month, utc.Day, utc.Hour, 0, 0, TimeSpan.Zero),
            LimitWindow.Day => new(utc.Year, utc.Month, utc.Day, 0, 0, 0, TimeSpan.Zero),
            LimitWindow.Month => new(utc.Year, utc.Month, 1, 0, 0, 0, TimeSpan.Zero),
            _ => throw new ArgumentOutOfRangeException(nameof(moment), Within, "A window without a beginning."),
        };
    }

    /// <summary>When the count that began at <paramref name="start"/> starts anew.</summary>
    public DateTimeOffset EndOf(DateTimeOffset start) => Within switch
    {
        LimitWindow.Minute => start.AddMinutes(1),
        LimitWindow.Hour => start.AddHours(1),
        LimitWindow.Day => start.AddDays(1),
        LimitWindow.Month => start.AddMonths(1),
        _ => throw new ArgumentOutOfRangeException(nameof(start), Within, "A window without an end."),
    };

    /// <summary>Whose count a use falls into; null when the limit does not speak of it.</summary>
    public string? KeyOf(LimitedUse use) =>
        !Models.IsEmpty && !Models.Any(pattern => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, use.Model)) ? null
        : !Projects.IsEmpty && !Projects.Any(folder => IsInside(folder, use.Project)) ? null
        : Per switch
        {
            LimitScope.User => "",
            LimitScope.Session => use.Session ?? Unknown,
            LimitScope.Project => use.Project ?? Unknown,
            LimitScope.Model => use.Model,
            _ => throw new ArgumentOutOfRangeException(nameof(use), Per, "A scope without a key."),
        };

    /// <summary>What has no session or project still counts, all of it together: leaving the name out is no way round a limit.</summary>
    public const string Unknown = "(unknown)";

    // A folder nobody has told may be any of them, so it counts for each that a limit names.
    private static bool IsInside(string folder, string? project) =>
        project is null || (project.Equals(folder, StringComparison.Ordinal) || project.StartsWith(folder.TrimEnd('/', '\\') + Path.DirectorySeparatorChar, StringComparison.Ordinal));
}

/// <summary>One request, as limits see it.</summary>
/// <param name="Project">The folder the agent works in; null when no hook has told it.</param>
internal readonly record struct LimitedUse(string Model, string? Session, string? Project);

/// <summary>A count as it stands.</summary>
internal sealed record LimitState(Limit Limit, string Key, decimal Used, DateTimeOffset RenewsAt)
{
    public bool IsHard => Limit.Hard is { } hard && Used >= hard;

    public bool IsSoft => Limit.Soft is { } soft && Used >= soft;
}
