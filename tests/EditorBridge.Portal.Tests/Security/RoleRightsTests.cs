namespace EditorBridge.Portal.Security;

public sealed class RoleRightsTests
{
    [Theory]
    [InlineData(PortalRole.Developer, "ReadCalls ReadChanges")]
    [InlineData(PortalRole.Approver, "ReadCalls ReadChanges GiveVerdict")]
    [InlineData(PortalRole.Auditor, "ReadCalls RevealPayload Export VerifyLedger ReadAccessLog")]
    [InlineData(PortalRole.PolicyAdmin, "ReadCalls TryPolicy")]
    [InlineData(PortalRole.SystemAdmin, "ReadCalls VerifyLedger ReadAccessLog ReadSettings")]
    public void A_role_has_its_rights_and_no_other(PortalRole role, string rights) =>
        Assert.Equal(rights, string.Join(' ', Enum.GetValues<PortalRight>().Where(right => role.Allows(right))));

    [Fact]
    public void Roles_add_up_and_nobody_has_none()
    {
        Assert.All(Enum.GetValues<PortalRight>(), right => Assert.True(new Viewer("ann", RoleNames.Parse(RoleNames.Owner)).May(right)));
        Assert.All(Enum.GetValues<PortalRight>(), right => Assert.False(Viewer.Nobody.May(right)));
    }

    [Theory]
    [InlineData("auditor")]
    [InlineData("approver, developer")]
    [InlineData("owner")]
    public void A_viewer_survives_the_cookie(string roles)
    {
        var viewer = new Viewer("ann", RoleNames.Parse(roles));
        var back = Viewer.From(viewer.ToPrincipal("test"));
        Assert.Equal(viewer.Person, back.Person);
        Assert.Equal(viewer.Roles, back.Roles.Order());
    }

    [Fact]
    public void Asking_for_more_names_the_roles_that_may()
    {
        var refused = Assert.Throws<NotAllowedException>(() => new Viewer("ann", [PortalRole.PolicyAdmin]).Require(PortalRight.GiveVerdict));
        Assert.Contains("approver", refused.Message, StringComparison.Ordinal);
    }
}
