using System.Collections.Immutable;
using EditorBridge.Portal.Reading;
using Microsoft.AspNetCore.Components;

namespace EditorBridge.Portal.Controls;

/// <summary>Shows what would change, or what changed.</summary>
public sealed partial class DiffView
{
    private const int Context = 4;
    private readonly HashSet<int> _open = [];
    private TextDiff _diff = new([], 0, 0);
    private (string? Before, string After) _compared = (null, "");
    private (SqlColours Old, SqlColours New) _colours = (SqlColours.None, SqlColours.None);
    private bool _cut;

    /// <summary>Null when there was nothing before.</summary>
    [Parameter] public string? Before { get; set; }
    [Parameter, EditorRequired] public required string After { get; set; }
    [Parameter] public string? Path { get; set; }
    /// <summary>Marks of findings; offsets are into <see cref="After"/>.</summary>
    [Parameter] public ImmutableArray<Mark> Findings { get; set; } = [];
    [Parameter] public bool Split { get; set; }
    /// <summary>The texts are SQL: colour them.</summary>
    [Parameter] public bool Sql { get; set; }

    protected override void OnParametersSet()
    {
        if (_compared == (Before, After) && _diff.Lines.Length > 0) return;
        _compared = (Before, After);
        _cut = (Before?.Length ?? 0) > TextDiff.MostCharacters || After.Length > TextDiff.MostCharacters;
        _diff = TextDiff.Compare(Cut(Before ?? ""), Cut(After));
        _colours = Sql ? (SqlColours.Of(Cut(Before ?? "")), SqlColours.Of(Cut(After))) : (SqlColours.None, SqlColours.None);
        _open.Clear();
    }

    private static string Cut(string text) => text.Length > TextDiff.MostCharacters ? text[..TextDiff.MostCharacters] : text;

    private static string Sign(DiffLineKind kind) => kind switch
    {
        DiffLineKind.Added => "+",
        DiffLineKind.Removed => "−",
        _ => "",
    };

    private static string Css(DiffLine? line, DiffLineKind kind) => line is null ? "none" : line.Kind == DiffLineKind.Same ? "" : kind == DiffLineKind.Added ? "added" : "removed";

    private RenderFragment Line(DiffLine? line) => builder =>
    {
        if (line is null) return;
        builder.OpenComponent<CodeLine>(0);
        builder.AddComponentParameter(1, nameof(CodeLine.Text), line.Text);
        builder.AddComponentParameter(2, nameof(CodeLine.Marks), MarksOf(line));
        builder.CloseComponent();
    };

    private ImmutableArray<Mark> MarksOf(DiffLine line)
    {
        var colours = line.NewStart >= 0 ? _colours.New.OfLineAt(line.NewStart) : _colours.Old.OfLineAt(line.OldStart);
        if (line.NewStart < 0 || Findings.IsDefaultOrEmpty) return [.. colours, .. line.Marks];
        return [.. colours, .. line.Marks, .. Findings
            .Where(mark => mark.Start < line.NewStart + line.Text.Length && mark.Start + mark.Length > line.NewStart)
            .Select(mark => Within(mark, line))];
    }

    private static Mark Within(Mark mark, DiffLine line)
    {
        var start = Math.Max(0, mark.Start - line.NewStart);
        var end = Math.Min(line.Text.Length, mark.Start + mark.Length - line.NewStart);
        return mark with { Start = start, Length = end - start };
    }

    // Runs of unchanged lines longer than twice the context are folded until somebody opens them.
    private IEnumerable<Row> Rows()
    {
        var lines = _diff.Lines;
        for (var i = 0; i < lines.Length;)
        {
            if (lines[i].Kind != DiffLineKind.Same)
            {
                var end = i;
                while (end < lines.Length && lines[end].Kind != DiffLineKind.Same) end++;
                foreach (var row in Split ? Paired(lines[i..end]) : lines[i..end].Select(Row.One)) yield return row;
                i = end;
                continue;
            }

            var stop = i;
            while (stop < lines.Length && lines[stop].Kind == DiffLineKind.Same) stop++;
            var (head, tail) = (i == 0 ? 0 : Context, stop == lines.Length ? 0 : Context);
            var fold = stop - i > head + tail + 3 && _diff.Added + _diff.Removed > 0 && !_open.Contains(i);
            for (var k = i; k < stop; k++)
            {
                if (fold && k == i + head)
                {
                    yield return new Row(null, null, stop - tail - k, i);
                    k = stop - tail - 1;
                    continue;
                }

                yield return new Row(lines[k], lines[k], 0, 0);
            }

            i = stop;
        }
    }

    private static IEnumerable<Row> Paired(ImmutableArray<DiffLine> changed)
    {
        var removed = changed.Where(line => line.Kind == DiffLineKind.Removed).ToArray();
        var added = changed.Where(line => line.Kind == DiffLineKind.Added).ToArray();
        for (var i = 0; i < Math.Max(removed.Length, added.Length); i++)
            yield return new Row(removed.ElementAtOrDefault(i), added.ElementAtOrDefault(i), 0, 0);
    }

    private sealed record Row(DiffLine? Left, DiffLine? Right, int Hidden, int From)
    {
        public static Row One(DiffLine line) => new(line, null, 0, 0);
    }
}
