using EditorBridge.Audit;
using EditorBridge.Guard;
using EditorBridge.Ledger;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Server.Tests.Proxy;

/// <summary>When an answer ends, and when its outcome is recorded.</summary>
public sealed class AnswerEndTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Fact]
    public async Task Answer_ends_while_the_ledger_is_busy_and_its_outcome_is_recorded_afterwards()
    {
        using var http = host.Client(Client.Claude);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages")
        {
            Content = HostFixture.Json(new
            {
                model = "claude-sonnet-4-6",
                max_tokens = 500,
                stream = true,
                messages = new[] { new { role = "user", content = """sandbox: [{"blocks":[{"text":"A text long enough for several events of the stream, which takes its time."}],"delay_ms":100}]""" } },
            }),
        };
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await response.Content.ReadAsStreamAsync();
        // The first byte comes after the intent is on the disk.
        Assert.Equal(1, await stream.ReadAsync(new byte[1]));

        using var held = new SemaphoreSlim(0);
        using var goOn = new ManualResetEventSlim();
        var busy = host.Services.GetRequiredService<LedgerWriter>().RunAloneAsync(_ =>
        {
            held.Release();
            return goOn.Wait(TestLimits.Signal);
        });
        Assert.True(await held.WaitAsync(TestLimits.Signal));
        var rest = await new StreamReader(stream).ReadToEndAsync();
        var ended = !busy.IsCompleted;
        goOn.Set();
        await busy;

        Assert.True(ended, "The answer's end waited for the ledger.");
        Assert.Contains("message_stop", rest, StringComparison.Ordinal);
        var entries = await host.EntriesAsync(response.Headers.GetValues("request-id").Single());
        Assert.Equal([EntryKind.MessageIntent, EntryKind.MessageOutcome], entries.Select(entry => entry.Draft.Kind));
    }
}
