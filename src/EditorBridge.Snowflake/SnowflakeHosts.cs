using System.Net;
using System.Text.RegularExpressions;

namespace EditorBridge.Snowflake;

/// <summary>From what people write for an account to the host that serves it, and which hosts may ever see a credential.</summary>
public static partial class SnowflakeHosts
{
    private const string Suffix = ".snowflakecomputing.com";
    private const string ChinaSuffix = ".snowflakecomputing.cn";

    /// <summary>
    /// Finds the host for an account identifier (<c>myorg-my_account</c>, <c>myorg.myaccount</c>, a locator with or without region),
    /// a pasted Snowsight URL, or a host or URL of the account. False with a sentence for people otherwise.
    /// </summary>
    public static bool TryDerive(string account, out string host, out string problem)
    {
        host = "";
        var text = account.Trim().TrimEnd('/');
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
        {
            if (url.Host.Equals("app.snowflake.com", StringComparison.OrdinalIgnoreCase) && url.Segments.Length >= 3)
            {
                text = $"{url.Segments[1].Trim('/')}-{url.Segments[2].Trim('/')}";
            }
            else
            {
                text = url.Host;
            }
        }
        if (!Identifier().IsMatch(text))
        {
            problem = $"'{account}' is no account identifier. Write it as myorg-myaccount, as SELECT CURRENT_ORGANIZATION_NAME() || '-' || CURRENT_ACCOUNT_NAME() gives it.";
            return false;
        }
        problem = "";
        // Underscores are legal in account names and illegal in host names; Snowflake serves the hyphenated form.
        text = text.ToLowerInvariant().Replace('_', '-');
        if (HasSnowflakeSuffix(text))
        {
            host = text;
            return true;
        }
        if (text.EndsWith(".global", StringComparison.Ordinal))
        {
            text = text[..^".global".Length];
        }
        var parts = text.Split('.');
        host = parts switch
        {
            [_] => text + Suffix,
            [_, "privatelink"] => text + Suffix,
            // organisation.account, as SQL writes it: a region always has a digit after a hyphen, an account name seldom.
            [var organisation, var name] when !Region().IsMatch(name) => $"{organisation}-{name}{Suffix}",
            _ => text + (parts[1].StartsWith("cn-", StringComparison.Ordinal) ? ChinaSuffix : Suffix),
        };
        return true;
    }

    /// <summary>
    /// Whether a credential may go to this address: https to a Snowflake host or to one the configuration names, or plain http to a
    /// sandbox on this machine.
    /// </summary>
    public static bool MayHoldCredential(Uri address, bool isSandbox, IReadOnlyCollection<string> allowedHosts)
    {
        if (address.UserInfo.Length > 0)
        {
            return false;
        }
        if (isSandbox)
        {
            return IsLoopback(address.Host) && address.Scheme is ("http" or "https");
        }
        return address.Scheme == Uri.UriSchemeHttps && (HasSnowflakeSuffix(address.Host) || allowedHosts.Contains(address.Host, StringComparer.OrdinalIgnoreCase));
    }

    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static bool HasSnowflakeSuffix(string host)
    {
        var name = host.ToLowerInvariant();
        return (name.EndsWith(Suffix, StringComparison.Ordinal) && name.Length > Suffix.Length)
            || (name.EndsWith(ChinaSuffix, StringComparison.Ordinal) && name.Length > ChinaSuffix.Length);
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,250}$", RegexOptions.CultureInvariant)]
    private static partial Regex Identifier();

    [GeneratedRegex(@"-[a-z]*[0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex Region();
}
