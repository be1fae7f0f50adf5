using System.Collections.Immutable;
using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;

namespace EditorBridge.Portal.Security;

/// <summary>The signed-in person. Everything that reads a payload or changes something takes a viewer and asks it first.</summary>
public sealed record Viewer(string Person, ImmutableArray<PortalRole> Roles)
{
    public static readonly Viewer Nobody = new("", []);

    public bool May(PortalRight right) => Roles.Any(role => role.Allows(right));

    /// <exception cref="NotAllowedException">None of the viewer's roles has this right.</exception>
    public void Require(PortalRight right)
    {
        if (!May(right)) throw new NotAllowedException(this, right);
    }

    public static Viewer From(ClaimsPrincipal principal) => principal.Identity is { IsAuthenticated: true, Name: { Length: > 0 } name }
        ? new(name, [.. principal.FindAll(ClaimTypes.Role).SelectMany(claim => RoleNames.Parse(claim.Value)).Distinct()])
        : Nobody;

    public ClaimsPrincipal ToPrincipal(string scheme) => new(new ClaimsIdentity(
        [new Claim(ClaimTypes.Name, Person), .. Roles.Select(role => new Claim(ClaimTypes.Role, role.WireName()))], scheme));
}

/// <summary>Somebody asked for what their roles do not allow. Nothing was read or changed.</summary>
public sealed class NotAllowedException(Viewer viewer, PortalRight right)
    : Exception($"{viewer.Person} may not do this ({right}): it needs one of the roles {Needed(right)}. Nothing was read or changed.")
{
    private static string Needed(PortalRight right) =>
        string.Join(", ", Enum.GetValues<PortalRole>().Where(role => role.Allows(right)).Select(role => role.WireName()));
}

/// <summary>Who sits in front of this circuit.</summary>
public sealed class CurrentViewer(AuthenticationStateProvider authentication)
{
    public async ValueTask<Viewer> GetAsync() => Viewer.From((await authentication.GetAuthenticationStateAsync()).User);
}
