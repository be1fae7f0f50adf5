using System.Text;
using System.Text.RegularExpressions;

namespace EditorBridge.Repository;

/// <summary>What the portal says to people goes through the localizer: no Razor file holds words of its own.</summary>
public sealed partial class LocalizationTests
{
    /// <summary>Names that are the same in every language, and the example of a filter, whose fields are not translated.</summary>
    private static readonly HashSet<string> Names = ["EditorBridge", "CSV", "JSON Lines", "Parquet", "OCSF", "SHA-256", "state:rejected risk:high,critical tool:Bash by:bo &quot;drop table&quot;"];

    [Fact]
    public void No_Razor_file_holds_words_that_do_not_pass_the_localizer()
    {
        var breaches =
            from path in RepositoryFiles.EndingIn(".razor").NotEmpty("Razor file")
            from words in Words(RepositoryFiles.Read(path))
            where !Names.Contains(words)
            select $"{path}: {words}";
        Rule.Holds(breaches, "Write @T[\"…\"] around what people read.");
    }

    [Theory]
    [InlineData("<p>Hello there</p>", "Hello there")]
    [InlineData("<p>@count calls</p>", "calls")]
    [InlineData("<a title=\"Open it\">@T[\"Open\"]</a>", "Open it")]
    [InlineData("<Problem Title=\"Nothing here\" />", "Nothing here")]
    [InlineData("<p>@T[\"A <b> in {0}\", Of(\"x\")] · @(a ? T[\"b\"] : \"\")</p><pre>editorbridge serve</pre>", null)]
    public void The_scan_sees_words(string markup, string? found) => Assert.Equal(found is null ? [] : [found], Words(markup));

    private static IEnumerable<string> Words(string razor)
    {
        var markup = WithoutExpressions(Silent().Replace(Code().Split(razor)[0], ""));
        return Text().Matches(markup).Concat(Spoken().Matches(markup)).Select(match => match.Groups[1].Value.Trim(' ', '·', '\n')).Where(words => Word().IsMatch(words));
    }

    /// <summary>Takes out what begins with @: names, calls and what stands in their brackets.</summary>
    private static string WithoutExpressions(string markup)
    {
        var left = new StringBuilder();
        for (var i = 0; i < markup.Length; i++)
        {
            if (markup[i] != '@')
            {
                left.Append(markup[i]);
                continue;
            }

            var depth = 0;
            var quoted = false;
            for (i++; i < markup.Length; i++)
            {
                var c = markup[i];
                if (c == '"' && depth > 0) quoted = !quoted;
                else if (!quoted && c is '(' or '[' && !quoted) depth++;
                else if (!quoted && c is ')' or ']' && !quoted) depth--;
                else if (depth == 0 && !char.IsLetterOrDigit(c) && c is not ('_' or '.' or '?')) break;
            }

            i--;
        }

        return left.ToString();
    }

    [GeneratedRegex(@"^@code\b", RegexOptions.Multiline)]
    private static partial Regex Code();

    // Comments, and what is not prose: code, commands, keys.
    [GeneratedRegex(@"@\*.*?\*@|<(code|pre|kbd)\b.*?</\1>", RegexOptions.Singleline)]
    private static partial Regex Silent();

    [GeneratedRegex(@">([^<>{}]+)</")]
    private static partial Regex Text();

    [GeneratedRegex(@"\b(?:aria-label|title|placeholder|alt|Title|Lead|Message|Action|Name|Note|Empty)=""([^""]+)""")]
    private static partial Regex Spoken();

    [GeneratedRegex("[A-Za-z]{2,}")]
    private static partial Regex Word();
}
