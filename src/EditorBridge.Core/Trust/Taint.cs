using System.Collections.Frozen;
using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Trust;

/// <summary>What an agent's session has taken in.</summary>
[Flags]
public enum Taint
{
    None = 0,
    /// <summary>Text that somebody else wrote and that may speak to the model: a page, an issue, the answer of a server that is not trusted.</summary>
    Untrusted = 1,
    /// <summary>Data of the account.</summary>
    Private = 2,
}

/// <summary>What taint asks of a call beyond what policy says.</summary>
/// <param name="Reason">One sentence for the person and the model.</param>
public sealed record TaintDecision(Effect AtLeast, Severity Severity, string Reason);

/// <summary>
/// Data gets out when three things come together: private data, text from somebody else that steers the model, and a way out. Each alone is daily
/// work. A call that can send data out is therefore asked about once the session has taken in text from elsewhere.
/// </summary>
public static class TaintRules
{
    /// <param name="soFar">What the session took in before this call.</param>
    /// <param name="sources">Where the untrusted text came from, for people.</param>
    /// <param name="canSendOut">Whether the call can carry data out of the building.</param>
    /// <param name="carried">A piece of an earlier result that stands in the call's input; null when none does.</param>
    /// <returns>Null when nothing is asked for.</returns>
    public static TaintDecision? Judge(Taint soFar, ImmutableArray<string> sources, bool canSendOut, string? carried)
    {
        if (!canSendOut) return null;
        if (carried is not null)
            return new TaintDecision(Effect.Review, Severity.High, $"This call can send data out, and its input holds a piece of an earlier result: “{HiddenText.Reveal(carried)}”.");
        if (!soFar.HasFlag(Taint.Untrusted)) return null;
        var from = string.Join(", ", sources.Distinct().Take(3).Select(HiddenText.Reveal));
        return soFar.HasFlag(Taint.Private)
            ? new TaintDecision(Effect.Review, Severity.High, $"This session has read data of the account and text from {from}, which nobody here wrote, and this call can send data out.")
            : new TaintDecision(Effect.Review, Severity.Medium, $"This session has read text from {from}, which nobody here wrote, and this call can send data out.");
    }
}

/// <summary>
/// Finds pieces of earlier results in later inputs without keeping the results: every run of <see cref="Length"/> letters and digits is kept as a hash.
/// </summary>
public static class Shingles
{
    /// <summary>Letters and digits a common piece has at least: longer than the names and words that any two texts share.</summary>
    public const int Length = 32;

    private const ulong Base = 0x100000001B3;

    /// <summary>The hashes of a text, at most <paramref name="most"/>: of a longer text, its beginning.</summary>
    public static FrozenSet<ulong> Of(string text, int most)
    {
        var hashes = new HashSet<ulong>();
        foreach (var (hash, _) in Rolling(text))
        {
            hashes.Add(hash);
            if (hashes.Count >= most) break;
        }

        return hashes.ToFrozenSet();
    }

    /// <summary>The first piece of <paramref name="text"/> that one of the earlier texts has too; null when there is none.</summary>
    public static string? Common(string text, IReadOnlyCollection<FrozenSet<ulong>> earlier)
    {
        if (earlier.Count == 0) return null;
        foreach (var (hash, end) in Rolling(text))
        {
            if (!earlier.Any(known => known.Contains(hash))) continue;
            var start = end;
            for (var letters = 0; start > 0 && letters < Length; start--)
                if (char.IsLetterOrDigit(text[start - 1])) letters++;
            return text[start..end];
        }

        return null;
    }

    // Upper and lower case, spaces and punctuation do not hide a copy.
    private static IEnumerable<(ulong Hash, int End)> Rolling(string text)
    {
        var window = new char[Length];
        ulong hash = 0;
        ulong oldest = 1;
        for (var i = 1; i < Length; i++) oldest = unchecked(oldest * Base);
        var count = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsLetterOrDigit(text[i])) continue;
            var letter = char.ToLowerInvariant(text[i]);
            var place = count % Length;
            if (count >= Length) hash = unchecked(hash - window[place] * oldest);
            hash = unchecked(hash * Base + letter);
            window[place] = letter;
            count++;
            if (count >= Length) yield return (hash, i + 1);
        }
    }
}
