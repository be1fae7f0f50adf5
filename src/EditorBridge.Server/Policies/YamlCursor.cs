using System.Collections.Immutable;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace EditorBridge.Policies;

/// <summary>Reads YAML nodes and gathers every problem with its place, so that one run shows them all.</summary>
internal sealed class YamlCursor(string file)
{
    private readonly List<PolicyProblem> _problems = [];

    public ImmutableArray<PolicyProblem> Problems => [.. _problems];
    public bool HasErrors => _problems.Exists(problem => problem.IsError);

    public void Error(YamlNode at, string message) => Add(at.Start, message, isError: true);

    public void Error(Mark at, string message) => Add(at, message, isError: true);

    public void Warning(YamlNode at, string message) => Add(at.Start, message, isError: false);

    public void Error(string message) => _problems.Add(new PolicyProblem(file, 0, 0, message));

    /// <summary>The entries of a mapping by key; an unknown key is a problem with the nearest known one named.</summary>
    public Dictionary<string, YamlNode> Mapping(YamlNode node, string what, params ReadOnlySpan<string> known)
    {
        var entries = new Dictionary<string, YamlNode>(StringComparer.Ordinal);
        if (node is not YamlMappingNode mapping)
        {
            Error(node, $"{what} must be a mapping of keys to values.");
            return entries;
        }
        foreach (var (keyNode, value) in mapping.Children)
        {
            var key = (keyNode as YamlScalarNode)?.Value ?? "";
            if (known.Contains(key)) entries[key] = value;
            else Error(keyNode, $"'{key}' is not a key of {what}. {Nearest(key, known)}");
        }
        return entries;
    }

    public IEnumerable<YamlNode> Sequence(YamlNode node, string what)
    {
        if (node is YamlSequenceNode sequence) return sequence.Children;
        Error(node, $"{what} must be a list.");
        return [];
    }

    /// <summary>A text, or null after a problem was noted.</summary>
    public string? Text(YamlNode node, string what)
    {
        if (node is YamlScalarNode { Value: { } value } && !string.IsNullOrWhiteSpace(value)) return value;
        Error(node, $"{what} must be a text.");
        return null;
    }

    /// <summary>One text or a list of texts. An empty list is a problem: nobody means "none of these".</summary>
    public ImmutableArray<string> Texts(YamlNode node, string what)
    {
        if (node is YamlScalarNode) return Text(node, what) is { } single ? [single] : [];
        ImmutableArray<string> texts = [.. Sequence(node, what).Select(item => Text(item, "An entry of " + what)).OfType<string>()];
        if (texts.IsEmpty && node is YamlSequenceNode { Children.Count: 0 }) Error(node, $"{what} is empty. Leave the key out to mean any.");
        return texts;
    }

    public bool? Flag(YamlNode node, string what)
    {
        switch ((node as YamlScalarNode)?.Value)
        {
            case "true": return true;
            case "false": return false;
            default:
                Error(node, $"{what} must be true or false.");
                return null;
        }
    }

    public int? Number(YamlNode node, string what, int least)
    {
        if (node is YamlScalarNode { Value: { } text } && int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number) && number >= least) return number;
        Error(node, $"{what} must be a whole number, {least} or more.");
        return null;
    }

    /// <summary>A word of an enumeration, written in lower case with hyphens.</summary>
    public T? Word<T>(YamlNode node, string what) where T : struct, Enum =>
        Text(node, what) is { } text ? Word<T>(node, text, what) : null;

    public ImmutableArray<T> Words<T>(YamlNode node, string what) where T : struct, Enum
    {
        if (node is YamlScalarNode) return Word<T>(node, what) is { } single ? [single] : [];
        return [.. Sequence(node, what).Select(item => Word<T>(item, "An entry of " + what)).OfType<T>()];
    }

    private T? Word<T>(YamlNode node, string text, string what) where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
            if (PolicyWords.Of(value) == text) return value;
        string[] known = [.. Enum.GetValues<T>().Select(PolicyWords.Of)];
        Error(node, $"{what} is '{text}'. {Nearest(text, known)} It must be one of: {string.Join(", ", known)}.");
        return null;
    }

    private void Add(Mark at, string message, bool isError) => _problems.Add(new PolicyProblem(file, (int)at.Line, (int)at.Column, message.Replace("  ", " ", StringComparison.Ordinal), isError));

    private static string Nearest(string text, ReadOnlySpan<string> known)
    {
        var best = "";
        var least = int.MaxValue;
        foreach (var candidate in known)
        {
            var distance = Distance(text, candidate);
            if (distance < least) (least, best) = (distance, candidate);
        }
        return least <= Math.Max(2, text.Length / 3) ? $"Did you mean '{best}'?" : $"Known: {string.Join(", ", known)}.";
    }

    private static int Distance(string a, string b)
    {
        if (a.Length > 60) return int.MaxValue;
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++) row[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.Length];
    }
}

/// <summary>How enumerations are spelled in policy files: lower case, words joined with hyphens.</summary>
internal static class PolicyWords
{
    public static string Of<T>(T value) where T : struct, Enum
    {
        var name = value.ToString();
        return string.Concat(name.Select((letter, index) => char.IsUpper(letter) ? (index == 0 ? "" : "-") + char.ToLowerInvariant(letter) : letter.ToString()));
    }
}
