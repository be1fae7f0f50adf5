using System.Globalization;
using EditorBridge.Policy;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Reading;
using EditorBridge.Portal.Security;
using EditorBridge.Sql;
using Microsoft.AspNetCore.Components;
using TimeWindow = EditorBridge.Portal.Reading.TimeWindow;

namespace EditorBridge.Portal.Controls;

public sealed partial class PolicyTrial : IDisposable
{
    private const int Shown = 500;
    private const string Example = "version: 1\nrules:\n  - id: deny-truncate\n    description: Nobody truncates here.\n    match:\n      reasons: [X2]\n    effect: deny";

    private PolicyLayer _layer = PolicyLayer.User;
    private string _text = "";
    private string? _problem;
    private SimulateReply? _reply;
    private CancellationTokenSource? _running;

    [Parameter, EditorRequired] public required Viewer Viewer { get; set; }
    [Parameter, EditorRequired] public required TimeWindow Window { get; set; }
    [Parameter] public bool Enabled { get; set; }

    [Inject] private HostConnection Host { get; set; } = default!;
    [Inject] private AccessRecorder Recorder { get; set; } = default!;

    public void Dispose()
    {
        _running?.Cancel();
        _running?.Dispose();
    }

    private async Task TryAsync()
    {
        using var running = new CancellationTokenSource();
        _running = running;
        (_problem, _reply) = (null, null);
        try
        {
            // The replay shows what calls were about, so it is a search, and as such recorded before it is shown.
            await Recorder.RecordAsync(Viewer, AccessAction.Search, "/policies", null, null, new AccessDetail(Query: $"policy trial, {_layer} layer, {Window.Query}"), running.Token);
            _reply = await Host.SimulateAsync(Viewer, new SimulateBody(_layer.ToString(), _text, Window.From, Window.To), running.Token);
        }
        catch (Exception e) when (e is HostUnreachableException or NotAllowedException)
        {
            _problem = $"{e.Message} Nothing was replayed.";
        }
        catch (OperationCanceledException)
        {
            _problem = "Stopped.";
        }
        finally
        {
            _running = null;
        }
    }

    private void Stop() => _running?.Cancel();

    private static string Count(int count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static Effect EffectOf(string name) => Enum.TryParse<Effect>(name, out var effect) ? effect : Effect.Review;
}
