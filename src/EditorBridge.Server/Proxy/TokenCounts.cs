using System.Collections.Concurrent;
using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary>Counts prompts here, corrected by what the account counted for each model since the host started.</summary>
internal sealed class TokenCounts
{
    private readonly ConcurrentDictionary<string, ModelCalibration> _models = new(StringComparer.Ordinal);

    /// <summary>The estimate for a prompt, and how far estimates for this model have been off.</summary>
    public (long Tokens, ModelCalibration Calibration) Count(MessagesRequest request)
    {
        var calibration = _models.GetValueOrDefault(ModelNames.Resolve(request.Model, ModelNames.DefaultAliases), ModelCalibration.None);
        return (calibration.Apply(TokenEstimator.Estimate(request)), calibration);
    }

    /// <summary>Learns from an answer whose prompt the account has counted.</summary>
    public void Learn(string model, MessagesRequest request, TokenUsage usage)
    {
        if (usage.Input is null || usage.Prompt <= 0) return;
        var estimate = TokenEstimator.Estimate(request);
        _models.AddOrUpdate(model, _ => ModelCalibration.None.Learn(estimate, usage.Prompt), (_, known) => known.Learn(estimate, usage.Prompt));
    }
}
