using System.Globalization;
using EditorBridge.Ledger;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Reading;
using Microsoft.AspNetCore.Components;

namespace EditorBridge.Portal.Pages;

/// <summary>
/// All calls. The URL is the state: filter line, time window and place in the list. Rows that are on the screen follow their calls;
/// new calls wait behind the "N new" button until the reader asks for them, or has chosen to follow.
/// </summary>
public sealed partial class Calls
{
    private const int PageSize = 50;
    private const string DefaultLine = "kind:action";

    private QueryLine _query = new(CallFilter.All, []);
    private TimeWindow _window = new(TimeWindow.Default, default, default);
    private string _line = "";
    private CallPage? _page;
    private CallFacets? _facets;
    private CallHistogram? _histogram;
    private CappedCount _count;
    private CappedCount _new;
    private long _seen;
    private bool _follow;

    [SupplyParameterFromQuery(Name = "q")] private string? Q { get; set; }
    [SupplyParameterFromQuery] private string? Range { get; set; }
    [SupplyParameterFromQuery] private string? From { get; set; }
    [SupplyParameterFromQuery] private string? To { get; set; }
    /// <summary>Where the page begins: milliseconds and sequence of the row before it.</summary>
    [SupplyParameterFromQuery] private string? Before { get; set; }

    private string Line => Q ?? DefaultLine;

    private string EmptyWords => Line is "" or DefaultLine
        ? T["Nothing was called in this time. Calls appear here as agents make them."]
        : T["Nothing matches {0} in this time. Take out a part of the filter, or choose a longer time.", Line];

    protected override async Task OnParametersSetAsync()
    {
        _line = Line;
        _query = QueryLine.Parse(Line);
        _window = TimeWindow.Of(Range, From, To, Clock.Now);
        await LoadAgainAsync();
        var search = _query.Filter.Text is not null;
        if (Trouble is null) await NoteAsync(search ? AccessAction.Search : AccessAction.View, "/calls", query: $"{Line} {_window.Query}");
    }

    protected override async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (_window.Range is not null) _window = TimeWindow.Of(Range, From, To, Clock.Now);
        var filter = _query.Filter with { From = _window.From, To = _window.To };
        _seen = Tail.Head;
        // The rows come first: they are what the reader waits for.
        _page = await Window.Reader.CallsAsync(filter, Cursor(), PageSize, cancellationToken);
        StateHasChanged();
        var count = Window.Reader.CountAsync(filter, cancellationToken);
        var facets = Window.Reader.FacetsAsync(filter, cancellationToken);
        _histogram = await Window.Reader.HistogramAsync(_query.Filter, _window.From, _window.To, cancellationToken);
        (_count, _facets, _new) = (await count, await facets, default);
    }

    protected override async Task OnEntriesAsync()
    {
        if (_page is not { } page || Trouble is not null || (_follow && Before is null))
        {
            await LoadAgainAsync();
            return;
        }

        try
        {
            var waiting = Before is null ? await Window.Reader.CountNewAsync(_query.Filter with { From = _window.From }, _seen, Left) : default;
            AuditCall[] calls = await Task.WhenAll(page.Calls.Select(FollowAsync));
            // The reader may have asked for other rows meanwhile: then these are of yesterday's question.
            if (ReferenceEquals(_page, page)) (_new, _page) = (waiting, page with { Calls = [.. calls] });
        }
        catch (Exception e) when (e is LedgerUnreadableException or LedgerQueryTimeoutException or OperationCanceledException)
        {
            // What stands on the screen stays; the next entry, or the reader, asks again.
        }
    }

    private async Task<AuditCall> FollowAsync(AuditCall call) =>
        call.Open || call.State is CallState.Running or CallState.Pending ? await Window.Reader.CallAsync(call.CallId, Left) ?? call : call;

    private void Search() => Go(_line, _window.Query);

    private void Go(string line, string window) => Navigation.NavigateTo(Address(line, window));

    private void Toggle((CallFacet Facet, string Value) choice) =>
        Go(QueryLine.Format(QueryLine.Toggle(_query.Filter, choice.Facet, choice.Value)), _window.Query);

    private void Brush((DateTimeOffset From, DateTimeOffset To) chosen) => Go(Line, new TimeWindow(null, chosen.From, chosen.To).Query);

    private Task ShowNewAsync() => LoadAgainAsync();

    private Task ToggleFollowAsync()
    {
        _follow = !_follow;
        return _follow && Before is null ? LoadAgainAsync() : Task.CompletedTask;
    }

    private CallCursor? Cursor() =>
        Before?.Split('-') is [var at, var sequence]
        && long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
        && long.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
        && milliseconds < 253_402_300_799_999
            ? new CallCursor(DateTimeOffset.FromUnixTimeMilliseconds(milliseconds), first)
            : null;

    private static string Address(string line, string window) => $"calls?q={Uri.EscapeDataString(line.Trim())}&{window}";
}
