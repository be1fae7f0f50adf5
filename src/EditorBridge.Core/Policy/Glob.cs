namespace EditorBridge.Policy;

/// <summary>Text patterns with <c>*</c> (any characters, none included) and <c>?</c> (one character). Letter case is ignored.</summary>
internal static class Glob
{
    public static bool IsMatch(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        int p = 0, t = 0, star = -1, mark = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                mark = t;
            }
            else if (p < pattern.Length && (pattern[p] == '?' || Same(pattern[p], text[t])))
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                p = star + 1;
                t = ++mark;
            }
            else
            {
                return false;
            }
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }

    public static bool IsPattern(ReadOnlySpan<char> text) => text.IndexOfAny('*', '?') >= 0;

    /// <summary>True when some text matches both patterns. Used where the shell fills in a pattern that we cannot see filled in.</summary>
    public static bool MayMeet(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        if (!IsPattern(left)) return IsMatch(right, left);
        if (!IsPattern(right)) return IsMatch(left, right);
        // reachable[j]: the patterns read so far of the left can meet the first j characters of the right.
        var reachable = new bool[right.Length + 1];
        reachable[0] = true;
        for (var j = 0; j < right.Length && right[j] == '*'; j++) reachable[j + 1] = true;
        foreach (var letter in left)
        {
            var next = new bool[right.Length + 1];
            for (var j = 0; j <= right.Length; j++)
            {
                if (letter == '*')
                {
                    next[j] = reachable[j] || (j > 0 && next[j - 1]);
                    continue;
                }
                if (j > 0 && right[j - 1] == '*') next[j] = reachable[j] || next[j - 1];
                if (j > 0 && reachable[j - 1] && right[j - 1] != '*' && (letter == '?' || right[j - 1] == '?' || Same(letter, right[j - 1]))) next[j] = true;
            }
            reachable = next;
        }
        return reachable[^1];
    }

    private static bool Same(char a, char b) => a == b || char.ToUpperInvariant(a) == char.ToUpperInvariant(b);
}

/// <summary>How sure a condition is of its match.</summary>
internal enum Fit
{
    No,
    /// <summary>It depends on something that is not known: an unqualified name, a path filled in at run time, tags nobody looked up.</summary>
    Maybe,
    Yes,
}
