using System.Globalization;
using EditorBridge.Policies;

namespace EditorBridge.Budgets;

/// <summary>Limits in words, for the agent that is refused and the people who look.</summary>
internal static class LimitWords
{
    public static string Refusal(LimitState state) =>
        $"The limit \"{state.Limit.Name}\" is reached: {Amount(state.Limit, state.Used)} of {Amount(state.Limit, state.Limit.Hard!.Value)} {Words(state)} ({Place(state.Limit)}, hard). It starts anew at {Moment(state.RenewsAt)}. Nothing was sent.";

    /// <summary>For a header: ASCII only.</summary>
    public static string Note(LimitState state) =>
        $"limit \"{Ascii(state.Limit.Name)}\": {Amount(state.Limit, state.Used)} of soft {Amount(state.Limit, state.Limit.Soft!.Value)}{(state.Limit.Hard is { } hard ? $", hard {Amount(state.Limit, hard)}" : "")}, starts anew {Moment(state.RenewsAt)}";

    /// <summary>A count as a line.</summary>
    public static string Line(LimitState state) =>
        $"Limit \"{state.Limit.Name}\": {Amount(state.Limit, state.Used)} of {Amount(state.Limit, (state.Limit.Hard ?? state.Limit.Soft)!.Value)} {Words(state)}, starts anew {Moment(state.RenewsAt)}";

    /// <summary>Where the limit stands.</summary>
    public static string Place(Limit limit) => $"{BudgetFile.Name} line {limit.Line}";

    private static string Words(LimitState state) =>
        $"per {PolicyWords.Of(state.Limit.Per)} and {PolicyWords.Of(state.Limit.Within)}{(state.Key.Length == 0 ? "" : state.Key == Limit.Unknown ? Unhooked(state.Limit.Per) : $" for {state.Key}")}";

    private static string Unhooked(LimitScope per) => per == LimitScope.Session
        ? " for requests that name no session"
        : " for sessions whose folder no hook has told (all of them together; editorbridge setup claude installs the hook)";

    private static string Amount(Limit limit, decimal amount) => limit.Count switch
    {
        LimitMeasure.Dollars => "about $" + amount.ToString("N2", CultureInfo.InvariantCulture),
        LimitMeasure.Requests => amount.ToString("N0", CultureInfo.InvariantCulture) + " requests",
        LimitMeasure.Tokens => amount.ToString("N0", CultureInfo.InvariantCulture) + " tokens",
        LimitMeasure.OutputTokens => amount.ToString("N0", CultureInfo.InvariantCulture) + " output tokens",
        _ => throw new ArgumentOutOfRangeException(nameof(limit), limit.Count, "A measure without words."),
    };

    private static string Moment(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    // Header values are ASCII; a name may be in any script.
    private static string Ascii(string name) => string.Concat(name.Select(letter => letter is >= ' ' and < '\u007f' ? letter : '?'));
}
