using System.Globalization;
using EditorBridge.Ledger;
using EditorBridge.Portal.Reading;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace EditorBridge.Portal.Controls;

public sealed partial class CallBars
{
    private const int Width = 1000;
    private const int Height = 92;

    private static readonly (string Name, string Words)[] Tones =
        [("allow", "Allowed"), ("held", "Waiting or failed"), ("refused", "Refused"), ("other", "Other")];

    private ElementReference _svg;
    private DotNetObjectReference<CallBars>? _self;
    private Bar[] _bars = [];

    [Parameter, EditorRequired] public required CallHistogram Histogram { get; set; }
    /// <summary>A stretch was chosen: its beginning and end.</summary>
    [Parameter] public EventCallback<(DateTimeOffset From, DateTimeOffset To)> Chosen { get; set; }

    private string Summary => T["{0:N0} calls between {1} and {2}", Histogram.Bars.Sum(bar => bar.Calls), Clock.Short(Histogram.From), Clock.Short(Histogram.To)];

    public async ValueTask DisposeAsync()
    {
        _self?.Dispose();
        try
        {
            await Js.InvokeVoidAsync("editorBridge.unbrush", _svg);
        }
        catch (JSDisconnectedException)
        {
            // The page is gone, and its listeners with it.
        }
    }

    /// <summary>Called by the script after a drag: both ends as parts of the width, 0 to 1.</summary>
    [JSInvokable]
    public Task Brushed(double from, double to)
    {
        var length = Histogram.To - Histogram.From;
        var bucket = Histogram.Bucket;
        // Whole buckets: what is drawn is what is chosen. A click without a drag chooses one.
        var start = Histogram.From + (Math.Clamp(from, 0, 1) * length);
        var end = Histogram.From + (Math.Clamp(to, 0, 1) * length);
        start = Floor(start, bucket);
        end = Floor(end, bucket) + bucket;
        return InvokeAsync(() => Chosen.InvokeAsync((start, end)));
    }

    protected override void OnParametersSet()
    {
        var length = (Histogram.To - Histogram.From).TotalSeconds;
        var most = Math.Max(1, Histogram.Bars.GroupBy(bar => bar.Start).Select(group => group.Sum(bar => bar.Calls)).DefaultIfEmpty(1).Max());
        var width = Math.Max(1.5, (Histogram.Bucket.TotalSeconds / length * Width) - 1.5);
        _bars = [.. Histogram.Bars.GroupBy(bar => bar.Start).Select(group => Draw(group.Key, [.. group], length, most, width))];
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender) return;
        _self = DotNetObjectReference.Create(this);
        await Js.InvokeVoidAsync("editorBridge.brush", _svg, _self);
    }

    private Bar Draw(DateTimeOffset start, HistogramBar[] states, double length, long most, double width)
    {
        var x = (start - Histogram.From).TotalSeconds / length * Width;
        var parts = new List<Part>();
        var y = (double)Height;
        foreach (var tone in Tones)
        {
            var calls = states.Where(bar => ToneOf(bar.State) == tone.Name).Sum(bar => bar.Calls);
            if (calls == 0) continue;
            // One call among thousands must still be seen.
            var height = Math.Max(1.5, (double)calls / most * (Height - 6));
            y -= height;
            parts.Add(new Part(tone.Name, y, height));
        }

        var count = states.Sum(bar => bar.Calls);
        return new Bar(x, width, [.. parts], T["{0}: {1:N0} calls", Clock.Short(start), count]);
    }

    private static string ToneOf(CallState state) => Meaning.Of(state).Tone switch
    {
        "allow" => "allow",
        "held" => "held",
        "refused" => "refused",
        _ => "other",
    };

    private static DateTimeOffset Floor(DateTimeOffset instant, TimeSpan bucket) =>
        new(instant.UtcTicks - (instant.UtcTicks % bucket.Ticks), TimeSpan.Zero);

    private static string N(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);

    private readonly record struct Part(string Tone, double Y, double Height);

    private sealed record Bar(double X, double Width, Part[] Parts, string Title);
}
