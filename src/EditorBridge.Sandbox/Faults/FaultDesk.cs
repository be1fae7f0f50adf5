using System.Text.RegularExpressions;

namespace EditorBridge.Sandbox.Faults;

/// <summary>
/// Says which fault a request meets. A fault is named by the header <c>x-emulator-scenario</c>, by a line <c>scenario: NAME</c> in the
/// prompt, or by a turn of a script. <c>NAME x2</c> plays it for the first two requests of that prompt only, and is then used up
/// until the prompt has been answered once.
/// </summary>
internal sealed partial class FaultDesk
{
    public const string Header = "x-emulator-scenario";

    private readonly Dictionary<string, int> _played = [];
    private readonly Lock _lock = new();

    /// <param name="scope">What a count belongs to: the prompt and its turn.</param>
    /// <returns>The fault to play, or null; an unknown name is an error text.</returns>
    public (FaultEntry? Fault, string? Error) For(string? header, string? scripted, string prompt, string scope)
    {
        var wish = !string.IsNullOrWhiteSpace(header) ? header : scripted ?? PromptLine().Match(prompt) switch
        {
            { Success: true } line => line.Groups["wish"].Value,
            _ => null,
        };
        if (wish is null)
        {
            return (null, null);
        }

        var parsed = Wish().Match(wish.Trim());
        if (!parsed.Success || FaultCatalog.Find(parsed.Groups["name"].Value) is not { } entry)
        {
            return (null, $"unknown sandbox scenario '{wish.Trim()}'; known: {string.Join(", ", FaultCatalog.All.Select(known => known.Name))}");
        }

        return parsed.Groups["count"] is { Success: true } count
            && !Spend($"{entry.Name}\n{scope}", int.Parse(count.Value, System.Globalization.CultureInfo.InvariantCulture))
            ? (null, null)
            : (entry, null);
    }

    private bool Spend(string key, int limit)
    {
        lock (_lock)
        {
            var played = _played.GetValueOrDefault(key);
            if (played >= limit)
            {
                _played.Remove(key);
                return false;
            }

            _played[key] = played + 1;
            return true;
        }
    }

    [GeneratedRegex(@"^\s*scenario:\s*(?<wish>[^\r\n]+)", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex PromptLine();

    [GeneratedRegex(@"^(?<name>[a-z0-9-]+)(?:\s*[x×]\s*(?<count>\d{1,4}))?$")]
    private static partial Regex Wish();
}
