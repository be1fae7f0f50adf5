using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Portal.Security;

public sealed class SignInLinksTests : IDisposable
{
    private readonly PortalState _state = PortalState.Open(Directory.CreateTempSubdirectory("editorbridge-links-").FullName);
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 23, 8, 0, 0, TimeSpan.Zero));

    public void Dispose() => Directory.Delete(_state.Folder, recursive: true);

    [Fact]
    public void A_code_opens_once()
    {
        var links = Links();
        var code = links.Mint("ann", "auditor,approver");
        var (viewer, _) = links.Redeem(code);
        Assert.Equal("ann", viewer?.Person);
        Assert.Equal([PortalRole.Approver, PortalRole.Auditor], viewer!.Roles);
        Assert.Equal((null, SignInFailure.UnknownOrUsed), links.Redeem(code));
        Assert.Empty(Directory.EnumerateFiles(_state.LinksFolder));
    }

    [Fact]
    public void Two_requests_with_one_code_get_in_once()
    {
        var links = Links();
        for (var round = 0; round < 20; round++)
        {
            var code = links.Mint("ann", RoleNames.Owner);
            var entered = 0;
            Parallel.For(0, 8, _ => Interlocked.Add(ref entered, links.Redeem(code).Viewer is null ? 0 : 1));
            Assert.Equal(1, entered);
        }
    }

    [Fact]
    public void A_code_expires()
    {
        var code = Links().Mint("ann", RoleNames.Owner);
        _clock.Advance(SignInLinks.Lifetime);
        Assert.Equal((null, SignInFailure.Expired), Links().Redeem(code));
    }

    [Theory]
    [InlineData("""{"expires":"2026-11-23T08:05:00Z","person":"ann","role":"root"}""")]
    [InlineData("""{"expires":"2026-11-23T08:05:00Z","person":"","role":"auditor"}""")]
    [InlineData("""{"expires":"2026-11-23T08:05:00Z","person":"ann","role":"auditor,root"}""")]
    [InlineData("not json")]
    public void A_file_that_says_anything_odd_opens_nothing(string content)
    {
        Write("the-code", content);
        Assert.Equal((null, SignInFailure.NotTrusted), Links().Redeem("the-code"));
    }

    [Fact]
    public void A_link_another_program_wrote_opens()
    {
        Write("host-made-code", """{"expires":"2026-11-23T08:05:00Z","person":"bo","role":"approver"}""");
        Assert.Equal("bo", Links().Redeem("host-made-code").Viewer?.Person);
    }

    [Fact]
    public void A_file_others_can_read_opens_nothing()
    {
        // Windows has no such modes; there the folder's own list of rights counts.
        if (OperatingSystem.IsWindows()) return;
        var code = Links().Mint("ann", RoleNames.Owner);
        var file = Assert.Single(Directory.EnumerateFiles(_state.LinksFolder));
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Equal((null, SignInFailure.NotTrusted), Links().Redeem(code));
    }

    [Fact]
    public void The_folder_holds_no_code()
    {
        var code = Links().Mint("ann", RoleNames.Owner);
        var file = Assert.Single(Directory.EnumerateFiles(_state.LinksFolder));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code))), Path.GetFileName(file));
        Assert.DoesNotContain(code, File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("../portal.token")]
    [InlineData("unknown")]
    public void A_code_that_was_never_made_opens_nothing(string? code) =>
        Assert.Equal((null, SignInFailure.UnknownOrUsed), Links().Redeem(code));

    private SignInLinks Links() => new(_state, _clock);

    private void Write(string code, string content) =>
        PortalState.WritePrivate(Path.Combine(_state.LinksFolder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code)))), content);
}
