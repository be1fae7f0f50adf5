using System.Buffers;
using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace EditorBridge.Audit;

/// <summary>Where the secret stands that a pattern has led to; empty when there is none.</summary>
internal delegate Range SecretReader(string text, int matchStart, int matchEnd);

/// <summary>One form of secret: an expression that finds where it begins or what introduces it, and a reader that finds where it ends.</summary>
/// <param name="Anchors">One of these occurs in every match, in any case: looking for them first makes long texts without secrets cheap.</param>
internal sealed record SecretPattern(string Type, ImmutableArray<string> Anchors, Regex Introduction, SecretReader Read)
{
    // Compiled once: looking for the words one by one costs more than all the rest of a record.
    private readonly SearchValues<string> _anchors = SearchValues.Create(Anchors.AsSpan(), StringComparison.OrdinalIgnoreCase);

    /// <summary>The secret's own form tells it, not the words around it.</summary>
    public bool HasOwnForm => Type is not ("secret" or "credentials" or "basic" or "bearer" or "password");

    public bool MayOccurIn(string text) => text.AsSpan().ContainsAny(_anchors);
}

/// <summary>
/// The forms of secrets that are taken out of every record. The expressions have no nested or unbounded repetition that could fail late, and
/// the readers look ahead a bounded way, so no text, however made, takes more than time in proportion to its length.
/// </summary>
internal static partial class SecretPatterns
{
    /// <summary>Names whose value is a secret: the last part of <c>SNOWFLAKE_PASSWORD</c>, <c>clientSecret</c>, <c>oauth-refresh-token</c>, …</summary>
    private const string SecretName =
        "(?:password|passwd|passphrase|passcode|pwd|secret(?:[_-]?(?:string|key|access[_-]?key))?|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|aws_key_id"
        + "|private[_-]?key|account[_-]?key|shared[_-]?access[_-]?key|master[_-]?key|credentials?)";

    private static readonly ImmutableArray<string> Names = ["pass", "pwd", "secret", "token", "key", "credential"];

    /// <summary>Specific forms first: their placeholder says more than that of the name before them.</summary>
    public static readonly ImmutableArray<SecretPattern> All =
    [
        new("private-key", ["PRIVATE KEY"], PrivateKey(), SecretReaders.PrivateKey),
        new("anthropic-key", ["sk-ant-"], AnthropicKey(), SecretReaders.Whole),
        new("api-key", ["sk-", "sk_live_", "rk_live_", "AIza", "glpat-", "xox", "npm_", "hf_", "dapi"], ApiKey(), SecretReaders.Whole),
        new("github-token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"], GitHubToken(), SecretReaders.Whole),
        new("aws-key", ["AKIA", "ASIA"], AwsKey(), SecretReaders.Whole),
        // Snowflake's programmatic access tokens have this form too.
        new("jwt", ["eyJ"], Jwt(), SecretReaders.Whole),
        new("snowflake-session", ["ver:"], SnowflakeSession(), SecretReaders.Whole),
        new("snowflake-session", ["Snowflake Token"], SnowflakeHeader(), SecretReaders.Value),
        new("bearer", ["bearer"], Bearer(), SecretReaders.Token),
        new("basic", ["basic"], Basic(), SecretReaders.Token),
        new("url-password", ["://"], UrlUser(), SecretReaders.UrlPassword),
        new("sas-signature", ["sig="], SasSignature(), SecretReaders.Token),
        new("credentials", ["credentials"], Credentials(), SecretReaders.Parentheses),
        new("secret", ["--"], Flag(), SecretReaders.Value),
        new("secret", Names, Assignment(), SecretReaders.Value),
        // CREATE USER … PASSWORD 'x', IDENTIFIED BY 'x'
        new("password", ["password", "identified by"], SqlPassword(), SecretReaders.Value),
    ];

    /// <summary>Something that occurs in every form: most texts hold none of it, and one pass over them is enough.</summary>
    public static readonly SearchValues<string> AnyAnchor =
        SearchValues.Create([.. All.SelectMany(static p => p.Anchors).Distinct()], StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the value of a JSON member with this name is a secret.</summary>
    public static bool IsSecretName(string name) => MemberName().IsMatch(name);

    [GeneratedRegex("-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-----", RegexOptions.CultureInvariant)]
    private static partial Regex PrivateKey();

    [GeneratedRegex("sk-ant-[A-Za-z0-9_-]{8,}", RegexOptions.CultureInvariant)]
    private static partial Regex AnthropicKey();

    [GeneratedRegex(
        @"\b(?:sk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{20,}|[sr]k_live_[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_-]{35}|glpat-[A-Za-z0-9_-]{20,}|xox[abps]-[A-Za-z0-9-]{10,}|npm_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{30,}|dapi[a-f0-9]{32})",
        RegexOptions.CultureInvariant)]
    private static partial Regex ApiKey();

    [GeneratedRegex(@"gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{20,}", RegexOptions.CultureInvariant)]
    private static partial Regex GitHubToken();

    [GeneratedRegex(@"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", RegexOptions.CultureInvariant)]
    private static partial Regex AwsKey();

    [GeneratedRegex(@"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}", RegexOptions.CultureInvariant)]
    private static partial Regex Jwt();

    [GeneratedRegex(@"ver:[0-9]{1,9}-hint:[0-9]{1,18}-[A-Za-z0-9+/=_-]{20,}", RegexOptions.CultureInvariant)]
    private static partial Regex SnowflakeSession();

    [GeneratedRegex(@"Snowflake Token\s{0,4}=\s{0,4}", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SnowflakeHeader();

    [GeneratedRegex(@"bearer\s{1,8}", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Bearer();

    [GeneratedRegex("""authorization\\{0,8}["']?\s{0,4}[:=]\s{0,4}\\{0,8}["']?basic\s{1,8}""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Basic();

    [GeneratedRegex("""://[^\s/:@"'\\]{0,128}:""", RegexOptions.CultureInvariant)]
    private static partial Regex UrlUser();

    [GeneratedRegex("[?&]sig=", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SasSignature();

    [GeneratedRegex(@"\bcredentials\s{0,8}=\s{0,8}\(", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Credentials();

    [GeneratedRegex("--(?:[a-z0-9]{1,20}-){0,4}" + SecretName + @"(?:=|\s{1,4})", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Flag();

    [GeneratedRegex(SecretName + """\\{0,8}["'`]?\s{0,32}(?:=>|:=|=|:)\s{0,32}""", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\b(?:password|identified\s{1,4}by)\s{1,8}(?=')", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SqlPassword();

    [GeneratedRegex(SecretName + "$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex MemberName();
}
