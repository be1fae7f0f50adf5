using System.Collections.Immutable;
using EditorBridge.Portal.Reading;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace EditorBridge.Portal.Controls;

/// <summary>One line of code with its marks. Built by hand because every space counts here. Text is only ever added as text, never as markup.</summary>
public sealed class CodeLine : ComponentBase
{
    [Parameter, EditorRequired] public required string Text { get; set; }
    [Parameter] public ImmutableArray<Mark> Marks { get; set; } = [];

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        var cuts = new SortedSet<int> { 0, Text.Length };
        foreach (var mark in Marks)
        {
            cuts.Add(Math.Clamp(mark.Start, 0, Text.Length));
            cuts.Add(Math.Clamp(mark.Start + mark.Length, 0, Text.Length));
        }

        var start = -1;
        foreach (var cut in cuts)
        {
            if (start >= 0) AddSegment(builder, start, cut);
            start = cut;
        }
    }

    private void AddSegment(RenderTreeBuilder builder, int start, int end)
    {
        var over = Marks.Where(mark => mark.Start <= start && mark.Start + mark.Length >= end).ToArray();
        if (over.Length > 0)
        {
            builder.OpenElement(0, "span");
            builder.AddAttribute(1, "class", string.Join(' ', over.Select(mark => mark.CssClass).Distinct()));
            if (over.Select(mark => mark.Title).LastOrDefault(title => title is not null) is { } title) builder.AddAttribute(2, "title", title);
        }

        foreach (var run in HiddenCharacters.Split(Text[start..end]))
        {
            if (run.Hidden || run.Text == "\r")
            {
                builder.OpenElement(3, "span");
                builder.AddAttribute(4, "class", "eb-hidden");
                builder.AddContent(5, run.Text);
                builder.CloseElement();
            }
            else
            {
                // A carriage return inside a line would be drawn as a space: it is named instead.
                builder.AddContent(6, run.Text.Replace("\r", "␍", StringComparison.Ordinal));
            }
        }

        if (over.Length > 0) builder.CloseElement();
    }
}
