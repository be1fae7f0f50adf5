using System.Collections.Immutable;
using DiffPlex;
using DiffPlex.Chunkers;
using DiffPlex.Model;

namespace EditorBridge.Portal.Reading;

public enum DiffLineKind
{
    Same,
    Added,
    Removed,
}

/// <summary>Part of a line with a meaning; offsets are UTF-16 code units into the line.</summary>
public readonly record struct Mark(int Start, int Length, string CssClass, string? Title = null);

/// <param name="OldNumber">One-based line number in the old text, null when the line is not in it.</param>
/// <param name="OldStart">Offset of the line in the old text, -1 when it is not in it.</param>
/// <param name="NewStart">The same for the new text.</param>
public sealed record DiffLine(DiffLineKind Kind, int? OldNumber, int? NewNumber, string Text, int OldStart, int NewStart, ImmutableArray<Mark> Marks);

/// <summary>Two texts as lines, with the changed words of changed lines marked. Line ends count: <c>\r\n</c> against <c>\n</c> is a change.</summary>
public sealed record TextDiff(ImmutableArray<DiffLine> Lines, int Added, int Removed)
{
    /// <summary>Longer texts are cut before they are compared: a page, unlike the record, must stay usable.</summary>
    public const int MostCharacters = 400_000;

    public static TextDiff Compare(string before, string after)
    {
        var (oldLines, newLines) = (LineChunker.Chunk(before), LineChunker.Chunk(after));
        var result = Differ.Instance.CreateDiffs(before, after, ignoreWhiteSpace: false, ignoreCase: false, new LineChunker());
        var (oldStarts, newStarts) = (Starts(oldLines), Starts(newLines));
        var lines = ImmutableArray.CreateBuilder<DiffLine>();
        var (o, n) = (0, 0);
        foreach (var block in result.DiffBlocks)
        {
            for (; o < block.DeleteStartA; o++, n++) lines.Add(Same(oldLines[o], o, n, oldStarts[o], newStarts[n]));
            var changed = WordMarks(oldLines, newLines, block);
            for (var i = 0; i < block.DeleteCountA; i++, o++)
                lines.Add(new DiffLine(DiffLineKind.Removed, o + 1, null, oldLines[o], oldStarts[o], -1, changed.Old(i)));
            for (var i = 0; i < block.InsertCountB; i++, n++)
                lines.Add(new DiffLine(DiffLineKind.Added, null, n + 1, newLines[n], -1, newStarts[n], changed.New(i)));
        }

        for (; o < oldLines.Length; o++, n++) lines.Add(Same(oldLines[o], o, n, oldStarts[o], newStarts[n]));
        return new TextDiff(lines.ToImmutable(), result.DiffBlocks.Sum(block => block.InsertCountB), result.DiffBlocks.Sum(block => block.DeleteCountA));
    }

    private static DiffLine Same(string text, int o, int n, int oldStart, int newStart) =>
        new(DiffLineKind.Same, o + 1, n + 1, text.TrimEnd('\r'), oldStart, newStart, []);

    private static int[] Starts(string[] lines)
    {
        var starts = new int[lines.Length];
        for (var i = 1; i < lines.Length; i++) starts[i] = starts[i - 1] + lines[i - 1].Length + 1;
        return starts;
    }

    // Line i removed and line i added are taken as one line rewritten, unless hardly anything of it stayed.
    private static ChangedWords WordMarks(string[] oldLines, string[] newLines, DiffBlock block)
    {
        var pairs = Math.Min(block.DeleteCountA, block.InsertCountB);
        var (oldMarks, newMarks) = (new ImmutableArray<Mark>[pairs], new ImmutableArray<Mark>[pairs]);
        for (var i = 0; i < pairs; i++)
        {
            var words = Differ.Instance.CreateDiffs(oldLines[block.DeleteStartA + i], newLines[block.InsertStartB + i],
                ignoreWhiteSpace: false, ignoreCase: false, new DelimiterChunker([' ', '\t', '.', ',', ';', '(', ')', '\'', '"', '=']));
            var kept = words.PiecesOld.Count - words.DiffBlocks.Sum(part => part.DeleteCountA);
            var rewritten = kept * 3 < words.PiecesOld.Count;
            oldMarks[i] = rewritten ? [] : Marks(words.PiecesOld, words.DiffBlocks.Select(part => (part.DeleteStartA, part.DeleteCountA)), "word-removed");
            newMarks[i] = rewritten ? [] : Marks(words.PiecesNew, words.DiffBlocks.Select(part => (part.InsertStartB, part.InsertCountB)), "word-added");
        }

        return new ChangedWords(oldMarks, newMarks);
    }

    private static ImmutableArray<Mark> Marks(IReadOnlyList<string> pieces, IEnumerable<(int Start, int Count)> parts, string cssClass) =>
        [.. parts.Where(part => part.Count > 0).Select(part => new Mark(
            pieces.Take(part.Start).Sum(piece => piece.Length),
            pieces.Skip(part.Start).Take(part.Count).Sum(piece => piece.Length),
            cssClass))];

    private readonly record struct ChangedWords(ImmutableArray<Mark>[] OldMarks, ImmutableArray<Mark>[] NewMarks)
    {
        public ImmutableArray<Mark> Old(int index) => index < OldMarks.Length ? OldMarks[index] : [];
        public ImmutableArray<Mark> New(int index) => index < NewMarks.Length ? NewMarks[index] : [];
    }

    private sealed class LineChunker : IChunker
    {
        // A text that ends with a line end has no empty last line to show.
        public static string[] Chunk(string text)
        {
            if (text.Length == 0) return [];
            var lines = text.Split('\n');
            return text[^1] == '\n' ? lines[..^1] : lines;
        }

        IReadOnlyList<string> IChunker.Chunk(string text) => Chunk(text);
    }
}
