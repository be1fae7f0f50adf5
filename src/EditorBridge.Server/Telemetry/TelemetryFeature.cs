using EditorBridge.Hosting;
using EditorBridge.Snowflake;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace EditorBridge.Telemetry;

internal static class TelemetryFeature
{
    private static readonly TimeSpan ExportPatience = TimeSpan.FromSeconds(5);

    /// <summary>Exports by OTLP where <c>telemetry.json</c> asks for it; otherwise nothing listens and nothing is sent.</summary>
    public static void AddTelemetry(this WebApplicationBuilder builder, StateFolder state)
    {
        var settings = TelemetrySettings.Read(state);
        builder.Services.AddSingleton(provider => new InferenceLog(settings?.Content ?? false, provider.GetRequiredService<ILogger<InferenceLog>>()));
        // Its events are for the collector: a line per request on the terminal helps nobody.
        builder.Logging.AddFilter<ConsoleLoggerProvider>(typeof(InferenceLog).FullName, LogLevel.None)
            // And the host's own lines are not: a review's names the command that waits.
            .AddFilter<OpenTelemetryLoggerProvider>(null, LogLevel.None)
            .AddFilter<OpenTelemetryLoggerProvider>(typeof(InferenceLog).FullName, LogLevel.Information);
        if (settings is null) return;

        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.Clear().AddService("editorbridge", serviceVersion: HostApplication.Version));
        if (settings.Traces)
        {
            // The client's own choice of sampling does not say what this host's owner wants to see.
            telemetry.WithTracing(traces => traces.SetSampler(new AlwaysOnSampler()).AddSource(GenAiTelemetry.Name, AccountTracing.Name).AddOtlpExporter(options => Configure(options, settings, "traces")));
        }

        if (settings.Metrics) telemetry.WithMetrics(metrics => metrics.AddMeter(GenAiTelemetry.Name).AddOtlpExporter(options => Configure(options, settings, "metrics")));
        if (settings.Logs) telemetry.WithLogging(logs => logs.AddOtlpExporter(options => Configure(options, settings, "logs")), logging => logging.IncludeFormattedMessage = true);
    }

    // Everything a variable of the environment could set is set here, so that no project's environment sends this elsewhere.
    private static void Configure(OtlpExporterOptions options, TelemetrySettings settings, string signal)
    {
        options.Protocol = OtlpExportProtocol.HttpProtobuf;
        options.Endpoint = settings.AddressOf(signal);
        options.Headers = "";
        options.TimeoutMilliseconds = (int)ExportPatience.TotalMilliseconds;
        options.HttpClientFactory = () => Client(settings);
    }

    /// <summary>Reaches the collector and nothing else, with the headers the settings name.</summary>
    internal static HttpClient Client(TelemetrySettings settings)
    {
        var http = new HttpClient(new EgressHandler(EgressHandler.Sockets(), [settings.Endpoint])) { Timeout = ExportPatience };
        foreach (var (name, value) in settings.Headers) http.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        return http;
    }
}
