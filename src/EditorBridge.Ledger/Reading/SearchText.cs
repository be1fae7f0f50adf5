using System.Text;
using System.Text.RegularExpressions;

namespace EditorBridge.Ledger.Reading;

/// <summary>What a person types into the search box as an FTS5 expression: every word quoted, so that nothing typed is an operator.</summary>
internal static partial class SearchText
{
    /// <summary>Null when there is nothing to search for.</summary>
    public static string? ToMatch(string? typed)
    {
        if (string.IsNullOrWhiteSpace(typed))
        {
            return null;
        }
        var match = new StringBuilder();
        foreach (Match part in Parts().Matches(typed))
        {
            string words = part.Groups["phrase"].Success ? part.Groups["phrase"].Value : part.Groups["word"].Value;
            if (words.Any(char.IsLetterOrDigit))
            {
                match.Append(match.Length > 0 ? " " : "").Append('"').Append(words.Replace("\"", "", StringComparison.Ordinal)).Append('"');
                if (part.Groups["prefix"].Success)
                {
                    match.Append('*');
                }
            }
        }
        return match.Length > 0 ? match.ToString() : null;
    }

    [GeneratedRegex("""(?:"(?<phrase>[^"]*)"?|(?<word>[^\s"*]+))(?<prefix>\*)?""", RegexOptions.CultureInvariant)]
    private static partial Regex Parts();
}
