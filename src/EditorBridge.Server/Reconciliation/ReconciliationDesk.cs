using System.Threading.Channels;
using EditorBridge.Ledger;
using EditorBridge.Snowflake;

namespace EditorBridge.Reconciliation;

/// <summary>How a run went on or ended; one of the three is there.</summary>
internal sealed record ReconciliationNews(ReconciliationStep? Step, ReconciliationReport? Report, string? Problem);

/// <summary>The host's comparisons: one at a time, and one that began is finished and recorded even when whoever asked has gone.</summary>
internal sealed partial class ReconciliationDesk(
    StateFolder state, LedgerWriter writer, AccountConnection account, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<ReconciliationDesk> logger) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Starts a run and gives its news as they come; null while another runs.</summary>
    public ChannelReader<ReconciliationNews>? TryStart(ReconciliationRequest request)
    {
        if (!_one.Wait(0)) return null;
        var news = Channel.CreateUnbounded<ReconciliationNews>(new UnboundedChannelOptions { SingleReader = true });
        _ = RunAsync(request, news.Writer);
        return news.Reader;
    }

    public void Dispose() => _one.Dispose();

    private async Task RunAsync(ReconciliationRequest request, ChannelWriter<ReconciliationNews> news)
    {
        try
        {
            using var reader = LedgerReader.Open(state.LedgerFolder, TimeSpan.FromSeconds(30));
            var run = new ReconciliationRun(reader, writer, time);
            var report = await run.RunAsync(request, account, step => news.TryWrite(new(step, null, null)), lifetime.ApplicationStopping);
            news.TryWrite(new(null, report, null));
        }
        catch (Exception e) when (e is SignInException or LedgerUnreadableException or LedgerQueryTimeoutException)
        {
            news.TryWrite(new(null, null, e.Message));
        }
        catch (LedgerUnavailableException e)
        {
            LogNotRecorded(e);
            news.TryWrite(new(null, null, $"The comparison could not be recorded, so it is not shown. {e.Message}"));
        }
        catch (OperationCanceledException)
        {
            news.TryWrite(new(null, null, "The host was stopped before the comparison ended. Nothing of it is to be relied on; start it again."));
        }
        finally
        {
            news.Complete();
            _one.Release();
        }
    }

    [LoggerMessage(LogLevel.Critical, "A comparison with the account could not be recorded")]
    private partial void LogNotRecorded(Exception exception);
}
