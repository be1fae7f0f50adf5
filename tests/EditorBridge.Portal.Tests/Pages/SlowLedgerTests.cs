using Bunit;
using EditorBridge.Ledger;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Portal.Pages;

/// <summary>A ledger that does not answer for a while, because another program holds it: the circuit goes on answering, and a question that takes too long ends with what to do.</summary>
public sealed class SlowLedgerTests : IAsyncLifetime
{
    private readonly SampleLedger _ledger = SampleLedger.Create();
    private SqliteConnection _holder = null!;

    public async ValueTask InitializeAsync()
    {
        await _ledger.History.ReviewedAsync("s", "rejected");
        await _ledger.CloseAsync();
        _holder = new SqliteConnection($"Data Source={Path.Combine(_ledger.State.LedgerFolder, "ledger.db")};Pooling=False");
        await _holder.OpenAsync();
        Run("PRAGMA locking_mode = EXCLUSIVE");
        Run("BEGIN EXCLUSIVE");
    }

    public async ValueTask DisposeAsync()
    {
        await _holder.DisposeAsync();
        await _ledger.DisposeAsync();
    }

    [Fact]
    public async Task A_page_answers_while_its_question_waits_and_shows_the_rows_when_they_come()
    {
        await using var portal = new PortalContext(_ledger);
        portal.Navigation.NavigateTo("/calls?q=&range=24h");
        var page = portal.Render<Calls>();
        Assert.Contains("Reading…", page.Markup, StringComparison.Ordinal);

        // The holder still holds: whatever answers now does so beside the question, not after it.
        await page.InvokeAsync(() => page.FindAll("button").Single(button => button.TextContent == "Follow").ClickAsync(new()));
        Assert.Equal("true", page.FindAll("button").Single(button => button.TextContent == "Follow").GetAttribute("aria-pressed"));
        await page.InvokeAsync(() => page.Find("input[data-search]").InputAsync("state:rejected"));
        Assert.Equal("state:rejected", page.Find("input[data-search]").GetAttribute("value"));
        Assert.Contains("Reading…", page.Markup, StringComparison.Ordinal);

        await _holder.DisposeAsync();
        page.WaitForAssertion(() => Assert.Single(page.FindAll("tbody a[data-row]")), PortalContext.Patience);
    }

    [Fact]
    public async Task A_question_that_takes_too_long_says_so_and_offers_to_narrow_it()
    {
        await using var portal = new PortalContext(_ledger);
        portal.Services.AddSingleton(LedgerReader.Open(_ledger.State.LedgerFolder, TimeSpan.FromMilliseconds(50)));
        var page = portal.Open<Calls>("/calls?q=&range=90d");
        page.WaitForElement(".eb-problem", PortalContext.Patience);
        await page.InvokeAsync(() => page.FindAll(".eb-problem button").Single(button => button.TextContent == "Narrow it to the last 24 hours").ClickAsync(new()));
        Assert.EndsWith("range=24h", portal.Navigation.Uri, StringComparison.Ordinal);
    }

    private void Run(string sql)
    {
        using var command = _holder.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
