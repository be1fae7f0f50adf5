using System.Collections.Immutable;

namespace EditorBridge.Messages;

/// <summary>A prompt that was estimated here and counted by the account.</summary>
/// <param name="Model">The account's name.</param>
/// <param name="Estimate">As <see cref="TokenEstimator.Estimate"/> gave it, before any correction.</param>
/// <param name="Counted">The account's count: input, cache read and cache written together.</param>
public readonly record struct EstimatedPrompt(string Model, long Estimate, long Counted);

/// <summary>How far estimates have been off for one model. Errors are shares of the account's count: 0.1 is 10 %.</summary>
/// <param name="Prompts">Prompts the errors come from; those too small to teach anything are left out.</param>
/// <param name="Factor">What the next estimate is multiplied with.</param>
/// <param name="RawError">Mean error of the estimate as it is.</param>
/// <param name="MeanError">Mean error of what <c>count_tokens</c> would have answered at that moment: each prompt is judged before it is learned from.</param>
/// <param name="Error95">Nineteen of twenty answers were closer than this.</param>
public sealed record EstimatorAccuracy(string Model, int Prompts, double Factor, double RawError, double MeanError, double Error95)
{
    /// <summary>Learns from the prompts in their order and judges each one first, by model, the most used first.</summary>
    public static ImmutableArray<EstimatorAccuracy> Of(IEnumerable<EstimatedPrompt> prompts) =>
        [.. prompts.GroupBy(prompt => prompt.Model, StringComparer.Ordinal).Select(Judge).OfType<EstimatorAccuracy>().OrderByDescending(model => model.Prompts).ThenBy(model => model.Model, StringComparer.Ordinal)];

    private static EstimatorAccuracy? Judge(IGrouping<string, EstimatedPrompt> model)
    {
        var calibration = ModelCalibration.None;
        var raw = new List<double>();
        var corrected = new List<double>();
        foreach (var prompt in model)
        {
            var next = calibration.Learn(prompt.Estimate, prompt.Counted);
            if (next.Samples == calibration.Samples) continue;
            raw.Add(Error(prompt.Estimate, prompt.Counted));
            corrected.Add(Error(calibration.Apply(prompt.Estimate), prompt.Counted));
            calibration = next;
        }

        if (corrected.Count == 0) return null;
        var sorted = corrected.Order().ToArray();
        return new(model.Key, corrected.Count, calibration.Factor, raw.Average(), corrected.Average(), sorted[(int)Math.Ceiling(sorted.Length * 0.95) - 1]);
    }

    private static double Error(long told, long counted) => Math.Abs((double)told - counted) / counted;
}
