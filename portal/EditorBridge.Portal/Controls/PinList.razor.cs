using EditorBridge.Portal.Host;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Components;

namespace EditorBridge.Portal.Controls;

/// <summary>Shows what waits and sends the decision to the host; it decides nothing itself.</summary>
public sealed partial class PinList
{
    /// <summary>What stands in the place of a person who accepted, where nobody was asked.</summary>
    private const string FirstUse = "first use";

    private readonly Dictionary<string, (bool Good, string Text)> _messages = new(StringComparer.Ordinal);
    private PinsReply? _view;
    private string? _problem;
    private bool _sending;

    [Parameter, EditorRequired] public required Viewer Viewer { get; set; }

    [Inject] private HostConnection Connection { get; set; } = default!;
    [Inject] private HostWatch Host { get; set; } = default!;
    [Inject] private CurrentViewer Viewers { get; set; } = default!;

    private bool Closed => _sending || !Host.IsUp;

    protected override Task OnParametersSetAsync() => ReadAsync();

    private async Task ReadAsync()
    {
        try
        {
            _view = await Connection.PinsAsync(CancellationToken.None);
            _problem = null;
        }
        catch (HostUnreachableException e)
        {
            (_view, _problem) = (null, e.Message);
        }
    }

    private async Task DecideAsync(ServerPinsBody server, PinBody[] pins, bool accept)
    {
        _sending = true;
        try
        {
            // The viewer is asked for again: the circuit call is what is authorised, not the page that was drawn.
            var answer = await Connection.DecidePinsAsync(await Viewers.GetAsync(), server.Server, pins, accept, CancellationToken.None);
            _messages[server.Server] = (answer.Result is "accepted" or "rejected", answer.Message);
        }
        catch (Exception e) when (e is HostUnreachableException or NotAllowedException)
        {
            _messages[server.Server] = (false, e.Message);
        }
        finally
        {
            _sending = false;
        }

        await ReadAsync();
    }

    private string Label(PinBody pin) => pin.Kind switch
    {
        "instructions" => T["instructions"],
        "launch" => T["how it is started"],
        _ => pin.Name,
    };

    // Pinned with the first list and read by nobody: clients are told only once a person has said yes.
    private static PinBody? Unread(ServerPinsBody server) => server.Definitions.FirstOrDefault(pin => pin is { Kind: "instructions", State: "accepted", By: FirstUse });

    private string Withheld(InstructionsBody said, PinBody? unread) =>
        unread is not null && !Viewer.May(PortalRight.GiveVerdict) ? T["{0} Only an approver can decide about this here.", said.Withheld!] : said.Withheld!;

    private static string Heading(string state) => state switch
    {
        "accepted" => "{0} accepted",
        "rejected" => "{0} rejected",
        _ => "{0} accepted and not offered now",
    };
}
