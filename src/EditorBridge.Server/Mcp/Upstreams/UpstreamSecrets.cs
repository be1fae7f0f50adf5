using System.Collections;
using System.Collections.Immutable;
using System.Text.RegularExpressions;
using EditorBridge.Audit;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>
/// What a server gets of the host's environment and of the person's secrets. <c>${NAME}</c>, <c>${NAME:-default}</c> and <c>${file:/path}</c> are resolved in
/// <c>env</c> and <c>headers</c> when a connection is made, so that a secret stands in no configuration file and a changed one is used with the next connection.
/// </summary>
internal sealed partial class UpstreamSecrets
{
    private const string FileScheme = "file:";
    private const string EnvironmentScheme = "env:";

    // Shorter values are words of everyday and would be masked where they mean nothing.
    private const int ShortestSecret = 6;

    /// <summary>What a program needs to run at all. Everything else has to be named.</summary>
    private static readonly string[] Needed =
    [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "TMP", "TEMP", "XDG_RUNTIME_DIR",
        "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "WINDIR", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMFILES", "PROGRAMDATA",
    ];

    private static readonly string[] WithheldPrefixes = ["EDITORBRIDGE_", "ANTHROPIC_", "CLAUDE_"];

    // Parts of an address or a command line that say nothing worth hiding.
    private static readonly string[] PlainNames = ["HOME", "USER", "USERPROFILE", "TMPDIR"];

    private readonly ImmutableArray<string> _values;

    private UpstreamSecrets(IReadOnlyDictionary<string, string> environment, IReadOnlyDictionary<string, string> headers, IEnumerable<string> values)
    {
        Environment = environment;
        Headers = headers;
        // The longest first: one secret may begin with another.
        _values = [.. values.Where(v => v.Length >= ShortestSecret).Distinct(StringComparer.Ordinal).OrderByDescending(v => v.Length)];
    }

    /// <summary>The whole environment of the server's process.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>What goes with a client id that was registered by hand.</summary>
    public string? ClientSecret { get; private init; }

    /// <summary>
    /// The values that are secrets and not only set up for this server, so that they are kept from whoever reads its answers: what comes from a file, what its name or its look says is
    /// a secret. A folder or a level of logging is none, and data may hold it.
    /// </summary>
    public required IReadOnlyList<string> Confided { get; init; }

    /// <summary>True for variables no server gets, named or not: they lead to EditorBridge's or the agent's own account.</summary>
    public static bool IsWithheld(string variable) => WithheldPrefixes.Any(prefix => variable.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    /// <exception cref="UpstreamException">A reference leads nowhere; the message names it and never its value.</exception>
    public static UpstreamSecrets Resolve(UpstreamSettings settings)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            var name = (string)variable.Key;
            var wanted = Needed.Contains(name, StringComparer.OrdinalIgnoreCase) || settings.InheritedVariables.Contains(name, StringComparer.Ordinal);
            if (wanted && !IsWithheld(name)) environment[name] = (string?)variable.Value ?? "";
        }

        foreach (var (name, text) in settings.Environment) environment[name] = Resolve(settings.Name, $"env {name}", text);
        var headers = settings.Headers.ToDictionary(h => h.Key, h => Resolve(settings.Name, $"header {h.Key}", h.Value), StringComparer.OrdinalIgnoreCase);
        var clientSecret = settings.OAuth.ClientSecret is { } reference ? Resolve(settings.Name, "oauth clientSecret", reference) : null;
        var secrets = settings.Environment.Keys.Concat(settings.InheritedVariables.Where(environment.ContainsKey)).Select(name => environment[name])
            // "Bearer abc" is masked as a whole and as what follows the scheme.
            .Concat(headers.Values).Concat(headers.Values.Select(v => v[(v.IndexOf(' ', StringComparison.Ordinal) + 1)..]))
            .Concat(clientSecret is null ? [] : [clientSecret]);
        return new UpstreamSecrets(environment, headers, secrets) { ClientSecret = clientSecret, Confided = [.. Confide(settings, environment, headers), .. clientSecret is null ? Array.Empty<string>() : [clientSecret]] };
    }

    private static IEnumerable<string> Confide(UpstreamSettings settings, Dictionary<string, string> environment, Dictionary<string, string> headers)
    {
        foreach (var name in settings.InheritedVariables)
            if (environment.TryGetValue(name, out var value) && Redaction.IsSecretName(name)) yield return value;
        foreach (var (name, text) in settings.Environment)
            if (IsConfided(name, text, environment[name])) yield return environment[name];
        foreach (var (name, text) in settings.Headers)
        {
            if (!IsConfided(name, text, headers[name])) continue;
            // "Bearer abc" is said again as "abc", and "Basic …" as what it encodes.
            var (scheme, value) = headers[name].Split(' ', 2) is [var first, var rest] ? (first, rest.Trim()) : ("", headers[name]);
            yield return value;
            var decoded = new byte[value.Length];
            if (!scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) || !Convert.TryFromBase64String(value, decoded, out var length)) continue;
            var pair = System.Text.Encoding.UTF8.GetString(decoded, 0, length);
            yield return pair;
            yield return pair[(pair.IndexOf(':', StringComparison.Ordinal) + 1)..];
        }
    }

    private static bool IsConfided(string name, string text, string value) =>
        References(text).Any(reference => reference.StartsWith(FileScheme, StringComparison.Ordinal) || Redaction.IsSecretName(Named(reference).Name))
        || Redaction.IsSecretName(name) || name.Equals("Authorization", StringComparison.OrdinalIgnoreCase) || name.Equals("Cookie", StringComparison.OrdinalIgnoreCase)
        // A key under a name that does not say so.
        || References(text).Any() && value.Length >= 16 && value.Any(char.IsAsciiDigit) && value.Any(char.IsAsciiLetter) && !value.AsSpan().ContainsAny(" /\\:");

    /// <summary>The text with every value of this server's configuration taken out.</summary>
    public string Mask(string text) => _values.Aggregate(text, (masked, value) => masked.Replace(value, "•••", StringComparison.Ordinal));

    /// <summary>Why a text with references cannot be used; null when it can. Whether they lead somewhere shows when a connection is made.</summary>
    public static string? ReferenceProblem(string text)
    {
        foreach (var reference in References(text))
        {
            if (reference.StartsWith(FileScheme, StringComparison.Ordinal))
            {
                if (!Path.IsPathRooted(reference[FileScheme.Length..])) return $"${{{reference}}} needs an absolute path: ${{file:/path/to/secret}}.";
            }
            else if (Named(reference).Name is var name && (name.Length == 0 || !VariableName().IsMatch(name)))
            {
                return $"${{{reference}}} is not a reference. Write ${{NAME}} for a variable of the environment or ${{file:/path}} for a file.";
            }
            else if (IsWithheld(name))
            {
                return $"{name} holds what is EditorBridge's or the agent's own, and no server gets it.";
            }
        }

        return null;
    }

    /// <summary>Why a text that others can see cannot be used; null when it can.</summary>
    public static string? PlainProblem(string text) =>
        References(text).FirstOrDefault(r => !PlainNames.Contains(r, StringComparer.Ordinal)) is { } reference
            ? $"${{{reference}}} cannot stand here: command lines and addresses are visible to others. Only {string.Join(", ", PlainNames.Select(n => $"${{{n}}}"))} are put in; secrets belong into 'env' or 'headers'."
            : null;

    /// <summary>The text with the few references put in that hide nothing.</summary>
    public static string Plain(string text) => Reference().Replace(text, match =>
        PlainNames.Contains(match.Groups[1].Value, StringComparer.Ordinal) ? System.Environment.GetEnvironmentVariable(match.Groups[1].Value) ?? "" : match.Value);

    private static string Resolve(string server, string place, string text) => Reference().Replace(text, match => Value(server, place, match.Groups[1].Value));

    private static string Value(string server, string place, string reference)
    {
        if (reference.StartsWith(FileScheme, StringComparison.Ordinal))
        {
            var file = reference[FileScheme.Length..];
            try
            {
                return StateFolder.ReadPrivate(file)?.Trim() ?? throw new UpstreamException($"{place} refers to {file}, which is not there.", $"Write the secret into that file, readable by you alone (chmod 600), or change the reference of '{server}'.");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or StateFolderException)
            {
                throw new UpstreamException($"{place} refers to {file}, which cannot be used: {e.Message}", $"chmod 600 '{file}'", e);
            }
        }

        var (name, otherwise) = Named(reference);
        return System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value
            : otherwise ?? throw new UpstreamException($"{place} refers to the variable {name}, which the host does not have.", $"Set {name} where the host is started and start it again, or refer to a file with ${{file:/path}}.");
    }

    private static (string Name, string? Otherwise) Named(string reference)
    {
        if (reference.StartsWith(EnvironmentScheme, StringComparison.Ordinal)) reference = reference[EnvironmentScheme.Length..];
        var end = reference.IndexOf(":-", StringComparison.Ordinal);
        return end < 0 ? (reference, null) : (reference[..end], reference[(end + 2)..]);
    }

    private static IEnumerable<string> References(string text) => Reference().Matches(text).Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"\$\{([^}]*)\}")]
    private static partial Regex Reference();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex VariableName();
}
