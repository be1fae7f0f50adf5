using System.Collections.Immutable;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>Dollars per million tokens of models whose names begin with <paramref name="Model"/>.</summary>
public sealed record ModelPrice(string Model, decimal Input, decimal Output, decimal CacheRead, decimal CacheWrite);

/// <summary>
/// A table of prices. Every amount made with it is an estimate: contracts differ, and the account's bill counts.
/// </summary>
/// <param name="AsOf">The table's date, as its file writes it.</param>
/// <param name="Source">Where the prices are from, for people.</param>
public sealed record ModelPrices(string AsOf, string Source, ImmutableArray<ModelPrice> Prices)
{
    /// <summary>
    /// What users of Cortex REST report to pay. Snowflake publishes its own in the service consumption table, per account and contract; a table of
    /// one's own stands over this one.
    /// </summary>
    public static ModelPrices Shipped { get; } = new("2026-10", "prices users report, not Snowflake's own table",
    [
        Price("claude-opus", 5, 25),
        Price("claude-sonnet", 3, 15),
        Price("claude-4-sonnet", 3, 15),
        Price("claude-haiku", 1, 5),
        Price("claude-fable", 10, 50),
    ]);

    /// <summary>The estimate in dollars; null when the model has no price. The longest fitting name counts.</summary>
    public decimal? Estimate(string model, long input, long output, long cacheRead, long cacheWrite) =>
        Prices.Where(price => model.StartsWith(price.Model, StringComparison.OrdinalIgnoreCase)).MaxBy(price => price.Model.Length) is { } found
            ? ((found.Input * input) + (found.Output * output) + (found.CacheRead * cacheRead) + (found.CacheWrite * cacheWrite)) / 1_000_000m
            : null;

    public decimal? Estimate(string model, TokenUsage usage) => Estimate(model, usage.Input ?? 0, usage.Output ?? 0, usage.CacheRead ?? 0, usage.CacheCreation ?? 0);

    /// <summary>Reads a table of one's own, as docs/account.md describes it.</summary>
    /// <param name="problem">What is wrong, with line and column from 1 where there is one.</param>
    public static bool TryParse(string json, out ModelPrices prices, out string problem)
    {
        prices = Shipped;
        problem = "";
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false });
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("prices", out var rows) || rows.ValueKind != JsonValueKind.Array)
            {
                problem = "it must be an object with 'asOf', 'source' and 'prices', a list.";
                return false;
            }
            var found = ImmutableArray.CreateBuilder<ModelPrice>();
            foreach (var row in rows.EnumerateArray())
            {
                if (Read(row) is not { } price)
                {
                    problem = $"entry {found.Count + 1} of 'prices' needs 'model' and the numbers 'input', 'output', 'cacheRead' and 'cacheWrite', none below zero.";
                    return false;
                }
                found.Add(price);
            }
            prices = new ModelPrices(Text(root, "asOf") ?? "no date", Text(root, "source") ?? "your own table", found.ToImmutable());
            return true;
        }
        catch (JsonException exception)
        {
            problem = $"line {exception.LineNumber + 1}, column {exception.BytePositionInLine + 1}: it is no JSON.";
            return false;
        }
    }

    private static ModelPrice? Read(JsonElement row) =>
        row.ValueKind == JsonValueKind.Object && Text(row, "model") is { Length: > 0 } model
        && Number(row, "input") is { } input && Number(row, "output") is { } output && Number(row, "cacheRead") is { } cacheRead && Number(row, "cacheWrite") is { } cacheWrite
            ? new ModelPrice(model, input, output, cacheRead, cacheWrite) : null;

    private static string? Text(JsonElement row, string name) => row.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static decimal? Number(JsonElement row, string name) =>
        row.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && number is >= 0 and < 1_000_000 ? number : null;

    // Reading from the cache costs a tenth of the input, writing a quarter more.
    private static ModelPrice Price(string model, decimal input, decimal output) => new(model, input, output, input * 0.1m, input * 1.25m);
}
