using System.Globalization;
using System.Net;

namespace EditorBridge.Policies;

/// <summary>A host the managed policy lets launched agents reach.</summary>
/// <param name="Name">Lower case, without the leading <c>*.</c>.</param>
/// <param name="Subdomains">Any name below it, and not itself.</param>
internal sealed record EgressHost(string Name, bool Subdomains, int Port)
{
    private const int Https = 443;

    /// <summary>Reads <c>name</c>, <c>*.name</c> or either with <c>:port</c>; null when it is none. A bare <c>*</c> is none: a policy that lets everything out is no policy.</summary>
    public static EgressHost? Parse(string text)
    {
        var (name, port) = (text.Trim().ToLowerInvariant(), Https);
        if (name.LastIndexOf(':') is >= 0 and var colon)
        {
            if (!int.TryParse(name[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535) return null;
            name = name[..colon];
        }

        var below = name.StartsWith("*.", StringComparison.Ordinal);
        if (below) name = name[2..];
        return Uri.CheckHostName(name) == UriHostNameType.Dns && (name.Contains('.', StringComparison.Ordinal) || !below) && !IPAddress.TryParse(name, out _)
            ? new EgressHost(name, below, port)
            : null;
    }

    public bool Allows(string host, int port)
    {
        if (port != Port) return false;
        var name = host.TrimEnd('.');
        return Subdomains ? name.EndsWith("." + Name, StringComparison.OrdinalIgnoreCase) : name.Equals(Name, StringComparison.OrdinalIgnoreCase);
    }
}
