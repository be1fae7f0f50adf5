using EditorBridge.Hosting;
using EditorBridge.Keeping;
using EditorBridge.Ledger;

namespace EditorBridge.Server.Tests.Keeping;

public sealed class LedgerSettingsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-settings-");

    [Fact]
    public void No_file_keeps_everything() => Assert.Equal(new LedgerSettings(), Read(null, null));

    [Fact]
    public void Administrators_file_wins_key_by_key() => Assert.Equal(
        new LedgerSettings { Content = ContentMode.DigestsOnly, KeepPayloadDays = 400, KeepPayloadDaysAtLeast = 184 },
        Read("""{ "content": "full", "keepPayloadDays": 400 }""", """{ "content": "digestsOnly", "keepPayloadDaysAtLeast": 184 }"""));

    [Theory]
    [InlineData("""{ "keepPayloadDay": 30 }""", "keepPayloadDay")]
    [InlineData("""{ "keepPayloadDays": 0 }""", "1 to")]
    [InlineData("""{ "keepPayloadDays": "30" }""", "cannot be used")]
    [InlineData("""{ "content": 1 }""", "cannot be used")]
    [InlineData("""{ "content": "some" }""", "digestsOnly")]
    [InlineData("""{ "keepPayloadDays": 30, "keepPayloadDaysAtLeast": 184 }""", "asks for 184")]
    [InlineData("{", "cannot be used")]
    public void Wrong_file_stops_the_start_and_says_what_is_wrong(string text, string said)
    {
        var refused = Assert.Throws<HostNotStartedException>(() => Read(text, null));
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was started", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private LedgerSettings Read(string? user, string? managed)
    {
        var state = StateFolder.Open(Path.Combine(_folder.FullName, "state"));
        if (user is not null) StateFolder.WritePrivate(state.In("ledger.json"), user);
        var path = Path.Combine(_folder.FullName, "managed.json");
        if (managed is not null) File.WriteAllText(path, managed);
        return LedgerSettings.Read(state, path);
    }
}
