using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace EditorBridge.Portal.Security;

/// <summary>
/// What <c>portal.json</c> of the state folder says about signing in with the organisation's identity provider (OpenID Connect, authorisation code with PKCE).
/// The portal still listens on 127.0.0.1 only: a reverse proxy on the same machine ends TLS for <see cref="PublicUrl"/> and hands requests on with their Host.
/// </summary>
/// <param name="PublicUrl">The address people open: <c>https</c>, no path. Plain <c>http</c> only for a loopback host.</param>
/// <param name="Authority">The issuer; its metadata is read from <c>/.well-known/openid-configuration</c> below it. <c>https</c>, or a loopback host.</param>
/// <param name="Roles">From a value of the role claim to role names separated by commas. Who has none of these values gets no page.</param>
/// <param name="ClientSecretFile">A file (0600) whose only content is the client's secret; relative to the state folder. Absent for a public client.</param>
/// <param name="Scopes">Asked for beside <c>openid</c>; absent: <c>profile</c> and <c>email</c>.</param>
/// <param name="PersonClaim">The claim that names a person in entries and verdicts. It must be one that people cannot change themselves.</param>
/// <param name="RoleClaim">The claim whose values are looked up in <paramref name="Roles"/>.</param>
/// <param name="Hosts">Further hosts of the provider, where its token or key endpoint is on another host than the issuer.</param>
public sealed record TeamSignIn(
    Uri PublicUrl,
    Uri Authority,
    string ClientId,
    ImmutableDictionary<string, string> Roles,
    string? ClientSecretFile = null,
    ImmutableArray<string>? Scopes = null,
    string PersonClaim = "preferred_username",
    string RoleClaim = "groups",
    ImmutableArray<string>? Hosts = null)
{
    public const string FileName = "portal.json";
    /// <summary>Where the provider sends the browser back to, below <see cref="PublicUrl"/>; register exactly this address with it.</summary>
    public const string CallbackPath = "/sign-in/callback";
    /// <summary>Where a browser begins.</summary>
    public const string StartPath = "/sign-in/team";

    public ImmutableArray<string> AskedScopes => ["openid", .. Scopes ?? ["profile", "email"]];

    /// <summary>Reads the file; null when there is none: then people come in by link only.</summary>
    /// <exception cref="PortalStateException">The file is broken or can be read by others. The portal does not start: it would let in others than the file's author meant.</exception>
    public static TeamSignIn? Read(PortalState state)
    {
        var file = Path.Combine(state.Folder, FileName);
        if (PortalState.ReadPrivate(file) is not { } text) return null;
        try
        {
            var settings = JsonSerializer.Deserialize(text, TeamSignInJson.Default.TeamSignInFile)?.Oidc;
            if (settings is null) return null;
            return settings.Fault() is { } fault ? throw Broken(file, fault) : settings;
        }
        catch (JsonException e)
        {
            throw Broken(file, $"line {e.LineNumber + 1}: {e.Message}", e);
        }
    }

    /// <summary>The roles of somebody whose role claim has these values; empty when none of them is known.</summary>
    public ImmutableArray<PortalRole> RolesOf(IEnumerable<string> values) =>
        [.. values.SelectMany(value => Roles.TryGetValue(value, out var names) ? RoleNames.Parse(names) : []).Distinct().Order()];

    /// <summary>Whether the provider may be asked at this address.</summary>
    public bool IsProvider(Uri address) =>
        IsSafe(address) && (string.Equals(address.Authority, Authority.Authority, StringComparison.OrdinalIgnoreCase) || (Hosts ?? []).Contains(address.Authority, StringComparer.OrdinalIgnoreCase));

    /// <summary>The client's secret; null for a public client.</summary>
    /// <exception cref="PortalStateException">Its file is missing, empty, or can be read by others.</exception>
    public string? ReadSecret(PortalState state)
    {
        if (ClientSecretFile is null) return null;
        var secret = PortalState.ReadPrivate(Path.Combine(state.Folder, ClientSecretFile))?.Trim();
        return string.IsNullOrEmpty(secret) ? throw Broken(Path.Combine(state.Folder, FileName), $"clientSecretFile names {ClientSecretFile}, which is missing or empty.") : secret;
    }

    private string? Fault()
    {
        if (!PublicUrl.IsAbsoluteUri || !IsSafe(PublicUrl) || PublicUrl.PathAndQuery != "/" || PublicUrl.UserInfo.Length > 0 || PublicUrl.Fragment.Length > 0)
            return $"publicUrl must be https:// and a host without a path, not '{PublicUrl}'.";
        if (!Authority.IsAbsoluteUri || !IsSafe(Authority) || Authority.Query.Length > 0 || Authority.UserInfo.Length > 0)
            return $"authority must be the provider's https:// issuer address, not '{Authority}'.";
        if (string.IsNullOrWhiteSpace(ClientId)) return "clientId is empty.";
        if (Roles.IsEmpty) return "roles is empty, so nobody could come in.";
        var unknown = Roles.FirstOrDefault(role => RoleNames.Parse(role.Value).IsEmpty);
        return unknown.Key is null ? null : $"roles gives '{unknown.Key}' the role '{unknown.Value}', which is not one of: {RoleNames.All}.";
    }

    // A token that travels in the clear, or from a provider that anybody on the way could play, proves nobody's name.
    private static bool IsSafe(Uri address) => address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback);

    private static PortalStateException Broken(string file, string fault, Exception? cause = null) =>
        new($"{file}: {fault} Nothing was started. Mend the file, or take it away to let people in by link only.", cause);
}

/// <summary>The whole of <c>portal.json</c>.</summary>
internal sealed record TeamSignInFile(TeamSignIn? Oidc);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)]
[JsonSerializable(typeof(TeamSignInFile))]
internal sealed partial class TeamSignInJson : JsonSerializerContext;
