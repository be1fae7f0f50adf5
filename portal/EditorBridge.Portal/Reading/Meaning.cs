using EditorBridge.Ledger;

namespace EditorBridge.Portal.Reading;

/// <summary>How a thing ended, as colour and shape: the tone is a class in portal.css, the glyph a path on a 12 by 12 grid, so that colour is never the only sign.</summary>
public readonly record struct Meaning(string Name, string Tone, string Glyph)
{
    private const string Tick = "M2.5 6.5 5 9l4.5-5.5";
    private const string Pencil = "M2.5 9.5 3 7l4.7-4.7 2 2L5 9z";
    private const string Cross = "M3 3l6 6M9 3 3 9";
    private const string Clock = "M6 3.2V6l2 1.5M10.3 6a4.3 4.3 0 1 1-8.6 0 4.3 4.3 0 0 1 8.6 0z";
    private const string Bang = "M6 2.5V7M6 9.2v.3";
    private const string Query = "M4 4.3a2 2 0 1 1 2.8 1.9c-.6.3-.8.6-.8 1.3M6 9.4v.2";
    private const string Dots = "M2.5 6h.1M6 6h.1M9.5 6h.1";

    public static Meaning Of(CallState state) => state switch
    {
        CallState.Running => new("Running", "neutral", Dots),
        CallState.Pending => new("Waiting for review", "held", Clock),
        CallState.Allowed => new("Allowed", "allow", Tick),
        CallState.Approved => new("Approved", "allow", Tick),
        CallState.Edited => new("Approved, edited", "allow", Pencil),
        CallState.Rejected => new("Rejected", "refused", Cross),
        CallState.Expired => new("Timed out", "refused", Clock),
        CallState.Refused => new("Refused", "refused", Cross),
        CallState.Unknown => new("Outcome unknown", "critical", Query),
        CallState.Failed => new("Failed", "held", Bang),
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "A state without a name."),
    };
}

/// <summary>Severities as the ledger writes them, ordered.</summary>
public static class Risk
{
    public static readonly string[] Names = ["none", "low", "medium", "high", "critical"];

    /// <summary>0 for none or unknown up to 4 for critical.</summary>
    public static int Level(string? severity) => Math.Max(0, Array.IndexOf(Names, severity));
}
