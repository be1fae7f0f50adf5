using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace EditorBridge.Portal.Security;

/// <summary>Why a sign-in code was not taken.</summary>
public enum SignInFailure
{
    /// <summary>Never made, or used already: the two look alike from outside on purpose.</summary>
    UnknownOrUsed,
    Expired,
    /// <summary>The link's file is readable by others, damaged, or names an unknown role.</summary>
    NotTrusted,
}

/// <summary>What a link's file holds. <c>role</c> may name several roles, separated by commas.</summary>
public sealed record SignInGrant(DateTimeOffset Expires, string Person, string Role);

/// <summary>
/// One-time sign-in links. A link is a file in <c>portal-links</c> named by the SHA-256 of its code, so that neither a listing nor a backup of the folder gives a usable code.
/// The host writes such files too ("Open portal" in the editor).
/// </summary>
public sealed class SignInLinks(PortalState state, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>Makes a link's code: 256 random bits in URL-safe base64.</summary>
    public string Mint(string person, string role)
    {
        Sweep();
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var grant = new SignInGrant(clock.GetUtcNow() + Lifetime, person, role);
        PortalState.WritePrivate(FileOf(code), JsonSerializer.Serialize(grant, JsonSerializerOptions.Web));
        return code;
    }

    /// <summary>Uses a code up. The file is renamed first: of two requests with one code, only one gets the rename through.</summary>
    public (Viewer? Viewer, SignInFailure Failure) Redeem(string? code)
    {
        if (string.IsNullOrEmpty(code) || code.Length > 200) return (null, SignInFailure.UnknownOrUsed);
        var taken = FileOf(code) + ".used";
        try
        {
            File.Move(FileOf(code), taken, overwrite: true);
        }
        catch (IOException)
        {
            return (null, SignInFailure.UnknownOrUsed);
        }

        try
        {
            return Read(taken);
        }
        finally
        {
            File.Delete(taken);
        }
    }

    private (Viewer? Viewer, SignInFailure Failure) Read(string file)
    {
        try
        {
            var grant = JsonSerializer.Deserialize<SignInGrant>(PortalState.ReadPrivate(file) ?? "", JsonSerializerOptions.Web);
            if (grant is null || string.IsNullOrWhiteSpace(grant.Person)) return (null, SignInFailure.NotTrusted);
            if (clock.GetUtcNow() >= grant.Expires) return (null, SignInFailure.Expired);
            ImmutableArray<PortalRole> roles = RoleNames.Parse(grant.Role);
            return roles.IsEmpty ? (null, SignInFailure.NotTrusted) : (new Viewer(grant.Person, roles), default);
        }
        catch (Exception e) when (e is JsonException or PortalStateException or IOException)
        {
            return (null, SignInFailure.NotTrusted);
        }
    }

    // Links nobody used. An hour of grace lets a late click hear "expired" and not "unknown".
    private void Sweep()
    {
        var old = clock.GetUtcNow() - Lifetime - TimeSpan.FromHours(1);
        foreach (var file in Directory.EnumerateFiles(state.LinksFolder).Where(file => File.GetLastWriteTimeUtc(file) < old.UtcDateTime))
            File.Delete(file);
    }

    private string FileOf(string code) =>
        Path.Combine(state.LinksFolder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code))));
}
