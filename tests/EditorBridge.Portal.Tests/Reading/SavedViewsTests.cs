using EditorBridge.Portal.Security;

namespace EditorBridge.Portal.Reading;

public sealed class SavedViewsTests : IDisposable
{
    private readonly PortalState _state = PortalState.Open(Directory.CreateTempSubdirectory("editorbridge-views-").FullName);

    public void Dispose() => Directory.Delete(_state.Folder, recursive: true);

    [Fact]
    public void A_view_is_there_for_others_and_goes_with_its_owner()
    {
        var views = new SavedViews(_state);
        Assert.Null(views.Save(new SavedView("Drops", "ann", "calls?q=drop")));
        Assert.Null(views.Save(new SavedView("Drops", "bo", "calls?q=drops")));
        Assert.Null(views.Save(new SavedView("Drops", "ann", "calls?q=drop2")));
        Assert.Equal(["calls?q=drops", "calls?q=drop2"], new SavedViews(_state).All().Select(view => view.Query));
        views.Delete("ann", "Drops");
        Assert.Equal("bo", Assert.Single(views.All()).Owner);
    }

    [Theory]
    [InlineData("", "calls?q=x", "needs a name")]
    [InlineData("x", "https://evil.example/", "Only views of calls")]
    [InlineData("x", "//evil.example", "Only views of calls")]
    public void A_view_without_a_name_or_that_leads_elsewhere_is_refused(string name, string query, string problem) =>
        Assert.Contains(problem, new SavedViews(_state).Save(new SavedView(name, "ann", query)), StringComparison.Ordinal);

    [Fact]
    public void A_damaged_file_says_what_mends_it()
    {
        PortalState.WritePrivate(_state.ViewsFile, "[{");
        Assert.Contains("Delete it", Assert.Throws<PortalStateException>(() => new SavedViews(_state).All()).Message, StringComparison.Ordinal);
    }
}
