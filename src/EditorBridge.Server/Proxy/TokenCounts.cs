using System.Collections.Concurrent;
using EditorBridge.Ledger;
using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary>Counts prompts here, corrected by what the account counted for each model. What was learned is in the ledger, so a restart forgets nothing.</summary>
internal sealed partial class TokenCounts(StateFolder state, ProxySettings settings, ILogger<TokenCounts> logger) : IHostedService
{
    /// <summary>A correction settles within some twenty lessons; older ones hardly weigh any more.</summary>
    private const int LessonsTakenAgain = 500;

    private readonly ConcurrentDictionary<string, ModelCalibration> _models = new(StringComparer.Ordinal);

    /// <summary>The estimate for a prompt, and how far estimates for this model have been off.</summary>
    public (long Tokens, ModelCalibration Calibration) Count(MessagesRequest request)
    {
        var calibration = _models.GetValueOrDefault(ModelNames.Resolve(request.Model, settings.Rules.ModelAliases), ModelCalibration.None);
        return (calibration.Apply(TokenEstimator.Estimate(request)), calibration);
    }

    /// <summary>Learns from an answer whose prompt the account has counted. The beginning of a translated one carries an estimate in its place, so it must have come to its end.</summary>
    public void Learn(string model, ProxyEnd end)
    {
        if (end is { Result: "done", PromptEstimate: { } estimate, Seen.Usage: { Input: not null, Prompt: > 0 and var counted } }) Learn(new EstimatedPrompt(model, estimate, counted));
    }

    private void Learn(EstimatedPrompt prompt) =>
        _models.AddOrUpdate(prompt.Model, _ => ModelCalibration.None.Learn(prompt.Estimate, prompt.Counted), (_, known) => known.Learn(prompt.Estimate, prompt.Counted));

    /// <summary>Takes the lessons of hosts before this one out of the ledger.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var reader = LedgerReader.Open(state.LedgerFolder);
            foreach (var prompt in await reader.EstimatedPromptsAsync(from: null, LessonsTakenAgain, cancellationToken)) Learn(prompt);
        }
        catch (Exception e) when (e is LedgerUnreadableException or LedgerQueryTimeoutException)
        {
            LogNotLearned(e);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Warning, "Earlier token counts could not be read; estimates begin without a correction")]
    private partial void LogNotLearned(Exception exception);
}
