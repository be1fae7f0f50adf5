using System.Net;
using EditorBridge.Snowflake;

namespace EditorBridge.Telemetry;

/// <summary>
/// Whether the collector takes what is sent to it. The exporter keeps silent about a collector that is away or refuses, so a wrong address or key would
/// show only by what never arrives; <c>editorbridge doctor</c> asks with an export that holds nothing.
/// </summary>
internal static class TelemetryProbe
{
    public static async Task<AccountFinding> LookAsync(TelemetrySettings settings, CancellationToken cancellationToken)
    {
        var signals = new[] { (settings.Traces, "traces"), (settings.Metrics, "metrics"), (settings.Logs, "logs") }.Where(signal => signal.Item1).Select(signal => signal.Item2).ToArray();
        using var http = TelemetryFeature.Client(settings);
        foreach (var signal in signals)
        {
            if (await RefusalAsync(http, settings.AddressOf(signal), cancellationToken) is { } refusal)
                return new(FindingLevel.Warning, $"Telemetry: {signal} do not arrive at {settings.AddressOf(signal)}: {refusal}", $"Mend {TelemetrySettings.FileName} in the state folder or the collector, then start the host again");
        }
        return new(FindingLevel.Good, $"Telemetry: the collector at {settings.Endpoint.GetLeftPart(UriPartial.Authority)} takes {string.Join(", ", signals)}");
    }

    private static async Task<string?> RefusalAsync(HttpClient http, Uri address, CancellationToken cancellationToken)
    {
        try
        {
            // An export message without a part is no bytes at all.
            using var nothing = new ByteArrayContent([]);
            nothing.Headers.ContentType = new("application/x-protobuf");
            using var answer = await http.PostAsync(address, nothing, cancellationToken);
            return answer.StatusCode switch
            {
                _ when answer.IsSuccessStatusCode => null,
                HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => $"it refuses the headers' key (HTTP {(int)answer.StatusCode}).",
                HttpStatusCode.NotFound => "it has nothing at this address (HTTP 404); the endpoint is the address before /v1.",
                _ => $"it answered HTTP {(int)answer.StatusCode}.",
            };
        }
        catch (HttpRequestException e)
        {
            return $"it cannot be reached ({e.Message})";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "it did not answer in time.";
        }
    }
}
