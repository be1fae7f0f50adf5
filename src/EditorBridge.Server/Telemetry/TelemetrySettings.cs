using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using EditorBridge.Hosting;

namespace EditorBridge.Telemetry;

/// <summary>
/// Where traces, metrics and logs go: <c>telemetry.json</c> of the state folder. Without the file nothing is measured and nothing leaves. A file that is
/// wrong stops the start: telemetry nobody gets, or that goes elsewhere than meant, is worse than none.
/// </summary>
/// <param name="Endpoint">An OTLP collector's base address (HTTP with protobuf): https, or http on this machine.</param>
/// <param name="Headers">Sent with every export, such as the collector's own authorization. The file is 0600 because of them.</param>
/// <param name="Content">Also send what people asked, with secrets taken out as in the ledger. Off: no text of prompts, answers, SQL or results leaves.</param>
internal sealed record TelemetrySettings(Uri Endpoint, ImmutableDictionary<string, string> Headers, bool Traces, bool Metrics, bool Logs, bool Content)
{
    public const string FileName = "telemetry.json";

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>The settings, or null when telemetry is off.</summary>
    /// <exception cref="HostNotStartedException">The file is there and cannot be used.</exception>
    public static TelemetrySettings? Read(StateFolder state)
    {
        var path = state.In(FileName);
        try
        {
            if (StateFolder.ReadPrivate(path) is not { } text || JsonSerializer.Deserialize<Written>(text, Format) is not { } written) return null;
            if (written.Unknown?.Keys.FirstOrDefault() is { } unknown) throw Unusable(path, $"'{unknown}' is not one of its keys.");
            if (!Uri.TryCreate(written.Endpoint, UriKind.Absolute, out var endpoint) || !(endpoint.Scheme == Uri.UriSchemeHttps || (endpoint.Scheme == Uri.UriSchemeHttp && endpoint.IsLoopback)) || endpoint.UserInfo.Length > 0)
                throw Unusable(path, $"endpoint is '{written.Endpoint}'; it must be the address of an OTLP collector, https or on this machine, such as http://127.0.0.1:4318.");
            return new TelemetrySettings(endpoint, written.Headers?.ToImmutableDictionary() ?? [], written.Traces ?? true, written.Metrics ?? true, written.Logs ?? true, written.Content ?? false);
        }
        catch (JsonException e)
        {
            throw Unusable(path, Wrong(e));
        }
    }

    /// <summary>The address one signal goes to.</summary>
    /// <param name="signal">traces, metrics or logs.</param>
    public Uri AddressOf(string signal) => new($"{Endpoint.AbsoluteUri.TrimEnd('/')}/v1/{signal}");

    private static string Wrong(JsonException e) => e.Path switch
    {
        // The reader's own error stands inside: the text is no JSON at all.
        _ when e.InnerException is JsonException => $"It is not valid JSON (line {e.LineNumber + 1}).",
        "$.traces" or "$.metrics" or "$.logs" or "$.content" => $"'{e.Path[2..]}' must be true or false.",
        "$.endpoint" => "'endpoint' must be a text in quotes.",
        { } path when path.StartsWith("$.headers", StringComparison.Ordinal) => "'headers' must be names with texts, such as { \"authorization\": \"Bearer …\" }.",
        _ => $"It is not what is asked for at line {e.LineNumber + 1}.",
    };

    private static HostNotStartedException Unusable(string path, string why) =>
        new($"{path} cannot be used: {why} Its keys are endpoint, headers, traces, metrics, logs and content. Nothing was started.");

    private sealed record Written(string? Endpoint, Dictionary<string, string>? Headers, bool? Traces, bool? Metrics, bool? Logs, bool? Content)
    {
        [JsonExtensionData]
        public Dictionary<string, JsonElement>? Unknown { get; init; }
    }
}
