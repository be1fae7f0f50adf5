using System.Collections.Immutable;
using System.Text.Json;
using EditorBridge.Portal.Security;

namespace EditorBridge.Portal.Reading;

/// <summary>Dollars per million tokens of models whose names begin with <paramref name="Model"/>.</summary>
public sealed record ModelPrice(string Model, decimal Input, decimal Output, decimal CacheRead, decimal CacheWrite);

/// <summary>
/// Prices as <c>prices.json</c> in the state folder gives them: contracts differ, so none ship. Every amount made with them is an estimate.
/// </summary>
public sealed record PriceTable(ImmutableArray<ModelPrice> Prices, string? Problem)
{
    public const string Example = """
        [
          { "model": "claude-sonnet", "input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75 },
          { "model": "claude-haiku",  "input": 1, "output": 5,  "cacheRead": 0.1, "cacheWrite": 1.25 }
        ]
        """;

    public static string FileOf(PortalState state) => Path.Combine(state.Folder, "prices.json");

    public static PriceTable Read(PortalState state)
    {
        try
        {
            return PortalState.ReadPrivate(FileOf(state)) is { } json
                ? new PriceTable(JsonSerializer.Deserialize<ImmutableArray<ModelPrice>>(json, JsonSerializerOptions.Web), null)
                : new PriceTable([], null);
        }
        catch (Exception e) when (e is JsonException or IOException or PortalStateException)
        {
            return new PriceTable([], $"{FileOf(state)} cannot be read: {e.Message}");
        }
    }

    /// <summary>Null when the model has no price. The longest fitting name counts.</summary>
    public decimal? Estimate(string model, long input, long output, long cacheRead, long cacheWrite) =>
        Prices.Where(price => model.StartsWith(price.Model, StringComparison.OrdinalIgnoreCase)).MaxBy(price => price.Model.Length) is { } found
            ? ((found.Input * input) + (found.Output * output) + (found.CacheRead * cacheRead) + (found.CacheWrite * cacheWrite)) / 1_000_000m
            : null;
}
