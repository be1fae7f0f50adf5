using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Messages;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge models</c>: the names a client may ask for, and how well prompts are counted here.</summary>
internal static class ModelsCommand
{
    public static Command Build()
    {
        var state = StateOption.Build();
        var days = new Option<int>("--days") { Description = "How many days of recorded answers the error of count_tokens is taken from.", DefaultValueFactory = _ => 30 };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("models", "List the account's models as clients may name them, and compare the answers of count_tokens with what the account counted.") { state, days, json };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(() =>
            RunAsync(StateFolder.Open(parsed.GetValue(state)), Math.Clamp(parsed.GetValue(days), 1, 3650), parsed.GetValue(json), cancellationToken)));
        return command;
    }

    private static async Task<int> RunAsync(StateFolder state, int days, bool json, CancellationToken cancellationToken)
    {
        var host = await HostFinder.FindAsync(state, cancellationToken);
        var names = host is null ? null : await NamesAsync(state, host, cancellationToken);
        var accuracy = EstimatorAccuracy.Of(await PromptsAsync(state, days, cancellationToken));
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { models = names, days, countTokens = accuracy }, JsonSerializerOptions.Web));
            return 0;
        }

        Console.WriteLine(names is null ? "No host runs, so the account was not asked for its models. Start one with: editorbridge serve" : "Models of the account for your role:");
        foreach (var name in names ?? []) Console.WriteLine($"  {TerminalText.Line(name)}");
        Console.WriteLine(accuracy.IsEmpty
            ? $"\ncount_tokens: no answer of the last {days} days has both an estimate and the account's count of a prompt long enough to compare, so its error is not known yet."
            : $"\ncount_tokens against the account's own count, {days} days:");
        foreach (var model in accuracy)
        {
            Console.WriteLine(TerminalText.Line(string.Create(CultureInfo.InvariantCulture,
                $"  {model.Model,-24} {model.Prompts,6:N0} {(model.Prompts == 1 ? "prompt " : "prompts")}   mean error {model.MeanError,6:P1}   95 % within {model.Error95,6:P1}   (uncorrected {model.RawError:P1}, factor {model.Factor:0.00})")));
        }

        return 0;
    }

    private static async Task<string[]> NamesAsync(StateFolder state, HostAddress host, CancellationToken cancellationToken)
    {
        using var http = HostHttp.Client(host, state, Client.Claude, TimeSpan.FromSeconds(60));
        try
        {
            using var response = await http.GetAsync("/v1/models?limit=1000", cancellationToken);
            var answer = await response.Content.ReadFromJsonAsync<JsonObject>(cancellationToken);
            if (!response.IsSuccessStatusCode) throw new SignInException((string?)answer?["error"]?["message"] ?? $"The host answered HTTP {(int)response.StatusCode}.");
            return [.. (answer?["data"] as JsonArray ?? []).Select(model => (string?)model?["id"]).OfType<string>()];
        }
        catch (Exception e) when (e is HttpRequestException or JsonException)
        {
            throw new SignInException($"The host at {host.Url} did not list the models: {e.Message}", e);
        }
    }

    private static async Task<IEnumerable<EstimatedPrompt>> PromptsAsync(StateFolder state, int days, CancellationToken cancellationToken)
    {
        const int most = 20_000;
        try
        {
            using var reader = LedgerReader.Open(state.LedgerFolder, TimeSpan.FromSeconds(30));
            return await reader.EstimatedPromptsAsync(DateTimeOffset.UtcNow.AddDays(-days), most, cancellationToken);
        }
        catch (Exception e) when (e is LedgerUnreadableException or LedgerQueryTimeoutException)
        {
            throw new SignInException(e.Message, e);
        }
    }
}
