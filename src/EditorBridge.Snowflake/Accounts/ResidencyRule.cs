using System.Collections.Immutable;

namespace EditorBridge.Snowflake;

/// <summary>
/// Where inference may run. The account decides it with one parameter for everybody; a rule that the parameter does not keep means
/// that no request may leave.
/// </summary>
/// <param name="Allowed">Values of CORTEX_ENABLED_CROSS_REGION that are fine, such as AWS_EU and AZURE_EU.</param>
public sealed record ResidencyRule(ImmutableArray<string> Allowed)
{
    /// <summary>Inside the European Union, or in the account's own region.</summary>
    public static readonly ResidencyRule EuropeOnly = new(["AWS_EU", "AZURE_EU"]);

    public string Fix => $"ALTER ACCOUNT SET CORTEX_ENABLED_CROSS_REGION = '{string.Join(',', Allowed)}';  -- as ACCOUNTADMIN";

    /// <summary>Why a request may not leave, or null when it may. A value that could not be read is a breach: unknown is never safe.</summary>
    /// <param name="parameter">The account's CORTEX_ENABLED_CROSS_REGION.</param>
    public string? Breach(string? parameter)
    {
        if (string.IsNullOrWhiteSpace(parameter))
        {
            return $"Inference may only run in {string.Join(", ", Allowed)}, and the account's CORTEX_ENABLED_CROSS_REGION could not be read. Nothing is sent.";
        }
        var values = parameter.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        // Disabled keeps inference in the account's own region, which is where the data already is.
        var outside = values.Where(value => !value.Equals("DISABLED", StringComparison.OrdinalIgnoreCase) && !Allowed.Contains(value, StringComparer.OrdinalIgnoreCase)).ToArray();
        return outside.Length == 0 ? null
            : $"Inference may only run in {string.Join(", ", Allowed)}, but the account allows {string.Join(", ", outside)} (CORTEX_ENABLED_CROSS_REGION). Nothing is sent.";
    }
}
