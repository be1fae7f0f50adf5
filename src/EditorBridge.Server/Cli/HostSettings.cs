using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using EditorBridge.Hosting;

namespace EditorBridge.Cli;

/// <summary>
/// What a person may say about a host, whoever starts it: <c>editorbridge serve</c> itself, or <c>editorbridge editor</c> for the host it
/// starts when none runs. The extension has a setting for each, <c>editorbridge.host.*</c>; a test compares names, descriptions, values and bounds.
/// </summary>
internal sealed class HostSettings
{
    /// <summary>Bounds of <see cref="ReviewSeconds"/>: less is no time for a person, more is longer than Claude Code waits for its hook.</summary>
    public const int ShortestReview = 10, LongestReview = 1740;

    /// <summary>What names the account; another account makes the last host's choice meaningless.</summary>
    private static readonly string[] OfTheAccount = ["--account", "--sandbox", "--pat-file", "--pat-from-editor"];

    private static readonly HashSet<string> Flags = new(StringComparer.Ordinal) { "--eu-only", "--pat-from-editor", "--started-by-editor" };

    public Option<int> Port { get; } = new("--port") { Description = "Port of the proxy on 127.0.0.1 (0: any free one).", DefaultValueFactory = _ => ServeOptions.DefaultPort };
    public Option<string?> Account { get; } = new("--account") { Description = "Connection to use, by its name in Snowflake's connections.toml or ours." };
    public Option<UpstreamPath> Upstream { get; } = new("--upstream") { Description = "Path for inference: Rest, AiGateway (the account's own traces and quotas) or InferenceComplete (older accounts).", DefaultValueFactory = _ => UpstreamPath.Rest };
    public Option<bool> EuOnly { get; } = new("--eu-only") { Description = "Send nothing while the account's cross-region setting would let inference leave the European Union." };
    public Option<string?> PortalUrl { get; } = new("--portal-url") { Description = "Where the portal answers, for links." };

    public Option<int?> ReviewSeconds { get; } = new("--review-seconds")
    {
        Description = "How long a review waits for a person before it counts as rejected: 10 to 1740 (the default, just under what Claude Code waits for its hook).",
        CustomParser = Seconds,
    };

    public IReadOnlyList<Option> All => [Port, Account, Upstream, EuOnly, PortalUrl, ReviewSeconds];

    /// <summary>What was said, as arguments of <c>editorbridge serve</c>; what was not said is not among them.</summary>
    public IReadOnlyList<string> Arguments(ParseResult parsed) =>
        [.. All.Where(option => parsed.GetResult(option) is { Implicit: false })
            .SelectMany(option => (string[])[option.Name, .. parsed.GetResult(option)!.Tokens.Select(token => token.Value)])];

    /// <summary>The arguments of the last host with what is said now in their place.</summary>
    public static IReadOnlyList<string> Over(IReadOnlyList<string> last, IReadOnlyList<string> said)
    {
        var replaced = said.Where(argument => argument.StartsWith("--", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
        if (replaced.Contains("--account")) replaced.UnionWith(OfTheAccount);
        var kept = new List<string>();
        for (var at = 0; at < last.Count; at += Flags.Contains(last[at]) ? 1 : 2)
        {
            if (!replaced.Contains(last[at])) kept.AddRange(last.Skip(at).Take(Flags.Contains(last[at]) ? 1 : 2));
        }

        return [.. kept, .. said];
    }

    private static int? Seconds(ArgumentResult argument)
    {
        var text = argument.Tokens.Single().Value;
        if (int.TryParse(text, CultureInfo.InvariantCulture, out var seconds) && seconds is >= ShortestReview and <= LongestReview) return seconds;
        argument.AddError($"'{text}' is not a number of seconds from {ShortestReview} to {LongestReview}.");
        return null;
    }
}
