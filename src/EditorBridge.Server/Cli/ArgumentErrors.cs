using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace EditorBridge.Cli;

/// <summary>Mistakes in a command line that would be told in the names of types, or would not be noticed at all.</summary>
internal static partial class ArgumentErrors
{
    /// <summary>One sentence each; empty when there is nothing to say beyond what the parser itself says.</summary>
    public static IReadOnlyList<string> Of(ParseResult parsed)
    {
        var told = new List<string>();
        // A value is taken as it comes, so a forgotten one swallows the option after it: "--project --print" would write where it should only show.
        var names = Names(parsed.CommandResult.Command);
        foreach (var option in parsed.CommandResult.Children.OfType<OptionResult>())
            foreach (var token in option.Tokens.Where(token => names.Contains(token.Value)))
                told.Add($"{option.Option.Name} needs a value, and {token.Value} is an option of its own. Nothing was done.");
        foreach (var error in parsed.Errors)
        {
            if (CannotParse().Match(error.Message) is not { Success: true } match) continue;
            told.Add($"{match.Groups["name"].Value}: '{TerminalText.Line(match.Groups["given"].Value)}' is {Wanted(match.Groups["type"].Value)}. Nothing was done.");
        }
        return told;
    }

    private static HashSet<string> Names(Command command) => [.. command.Options.SelectMany(option => option.Aliases.Append(option.Name))];

    private static string Wanted(string type) =>
        type.Contains("DateTimeOffset", StringComparison.Ordinal) ? "no time; write it as 2026-03-01 or 2026-03-01T08:00:00Z"
        : type.Contains("Int", StringComparison.Ordinal) ? "no whole number that fits"
        : type.Contains("Uri", StringComparison.Ordinal) ? "no address"
        : "not what is asked for";

    [GeneratedRegex("^Cannot parse argument '(?<given>.*)' for (?:option|command) '(?<name>[^']*)' as expected type '(?<type>[^']*)'", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex CannotParse();
}
