using EditorBridge.Messages;
using EditorBridge.Portal.Security;

namespace EditorBridge.Portal.Reading;

/// <summary>The price table in force: <c>prices.json</c> of the state folder, or the one that ships. Every amount made with it is an estimate.</summary>
/// <param name="IsOwn">True when the person's own table is in force.</param>
/// <param name="Problem">Why the person's own table is not used; nothing is estimated then.</param>
public sealed record PriceTable(ModelPrices Prices, bool IsOwn, string? Problem)
{
    public const string Example = """
        {
          "asOf": "2026-11-01", "source": "our contract",
          "prices": [
            { "model": "claude-sonnet", "input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75 }
          ]
        }
        """;

    public static string FileOf(PortalState state) => Path.Combine(state.Folder, "prices.json");

    public static PriceTable Read(PortalState state)
    {
        try
        {
            if (PortalState.ReadPrivate(FileOf(state)) is not { } json) return new PriceTable(ModelPrices.Shipped, false, null);
            return ModelPrices.TryParse(json, out var prices, out var problem) ? new PriceTable(prices, true, null) : Unusable(state, problem);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PortalStateException)
        {
            return Unusable(state, e.Message);
        }
    }

    /// <summary>Null when the model has no price.</summary>
    public decimal? Estimate(string model, long input, long output, long cacheRead, long cacheWrite) => Prices.Estimate(model, input, output, cacheRead, cacheWrite);

    private static PriceTable Unusable(PortalState state, string problem) => new(new ModelPrices("", "", []), true, $"{FileOf(state)} cannot be used: {problem}");
}
