using EditorBridge.Trust;

namespace EditorBridge.Mcp.Trust;

/// <summary>Pins in words, for people and for the model that called what is held. A server's own names are shown with their hidden characters in the open.</summary>
internal static class PinWords
{
    private const int LongestName = 80;

    public static string Of(OfferedKind kind) => kind switch
    {
        OfferedKind.Tool => "tool",
        OfferedKind.Prompt => "prompt",
        OfferedKind.Resource => "resource",
        OfferedKind.ResourceTemplate => "resource template",
        OfferedKind.Instructions => "instructions",
        OfferedKind.Launch => "launch",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A kind without words."),
    };

    public static string Shown(string name)
    {
        var shown = HiddenText.Reveal(name).ReplaceLineEndings(" ");
        return shown.Length <= LongestName ? shown : shown[..LongestName] + "…";
    }

    /// <summary>One line for lists and the ledger.</summary>
    public static string Headline(HoldReason reason, OfferedKind kind, string name, string server)
    {
        var what = kind switch
        {
            OfferedKind.Instructions => "its instructions",
            OfferedKind.Launch => "how it is started",
            _ => $"the {Of(kind)} {Shown(name)}",
        };
        return $"{server}: {what} {reason switch
        {
            HoldReason.Changed => "changed",
            HoldReason.New => "was not there before",
            HoldReason.Finding => "holds text that speaks to the model or hides",
            HoldReason.AskFirst => "is offered for the first time",
            HoldReason.Rejected => "was rejected",
            HoldReason.Instructions => "waits with the server's instructions",
            HoldReason.Unreadable => "has no canonical form",
            HoldReason.NotRecorded => "could not be compared",
            _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "A reason without words."),
        }}";
    }

    /// <param name="problem">Why pins cannot be compared; null when they can.</param>
    public static string Why(HoldReason reason, OfferedKind kind, string name, string server, string? problem)
    {
        var what = kind == OfferedKind.Instructions ? $"What '{server}' says of itself" : $"The {Of(kind)} '{Shown(name)}' of '{server}'";
        if (kind == OfferedKind.Launch) return WhyNotStarted(reason, server, problem);
        var see = $"A person sees it and decides in the portal under MCP servers, or with: editorbridge mcp accept {server}";
        return reason switch
        {
            HoldReason.Changed => $"{what} is not what was accepted any more, so it is held until a person accepts the change. It was not run. {see}",
            HoldReason.New => $"{what} was not there when the server was accepted, so it is held until a person accepts it. It was not run. {see}",
            HoldReason.Finding => $"{what} holds text that speaks to the model or hides, so it is held until a person accepts it. It was not run. {see}",
            HoldReason.AskFirst => $"{what} has to be accepted by a person before its first use. It was not run. {see}",
            HoldReason.Rejected => $"{what} was rejected by a person. It was not run.",
            HoldReason.Instructions => $"What '{server}' says of how to use its tools is not what was accepted, so its tools are held until a person accepts the change. '{Shown(name)}' was not run. {see}",
            HoldReason.Unreadable => $"{what} has a definition without a canonical form (members twice, or characters that are no Unicode), so it cannot be held to anything and is not used.",
            HoldReason.NotRecorded => $"{what} could not be compared with what was accepted, so it is held. It was not run.{(problem is null ? "" : " " + problem)}",
            _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "A reason without words."),
        };
    }

    private static string WhyNotStarted(HoldReason reason, string server, string? problem) => reason switch
    {
        HoldReason.Changed or HoldReason.New => $"The lines of '{server}' in mcp.json are not what was accepted, so it is not started until a person accepts the change.",
        HoldReason.AskFirst => $"How '{server}' is started has to be accepted by a person before its first start.",
        HoldReason.Rejected => $"How '{server}' is started was rejected by a person, so it is not started.",
        HoldReason.Unreadable => $"The lines of '{server}' in mcp.json hold characters that are no Unicode, so it is not started.",
        _ => $"Whether '{server}' is started as it was accepted could not be looked up, so it is not started.{(problem is null ? "" : " " + problem)}",
    };

    public static string Answer(PinDecision decision)
    {
        if (decision is { Definitions: [{ Kind: OfferedKind.Launch }] })
            return decision.Accept ? $"How '{decision.Server}' is started is accepted. A running host starts it now; what it offers is compared as always." : $"How '{decision.Server}' is started is rejected. It is not started as it stands in mcp.json.";
        var what = decision.Definitions is [var one]
            ? one.Kind == OfferedKind.Instructions ? $"What '{decision.Server}' says of itself" : $"The {Of(one.Kind)} '{Shown(one.Name)}' of '{decision.Server}'"
            : $"{decision.Definitions.Length} definitions of '{decision.Server}'";
        return decision.Accept
            ? $"{what} {(decision.Definitions.Length == 1 ? "is" : "are")} accepted. Clients see {(decision.Definitions.Length == 1 ? "it" : "them")} from now on; calls are judged by policy as always."
            : $"{what} {(decision.Definitions.Length == 1 ? "is" : "are")} rejected and stay{(decision.Definitions.Length == 1 ? "s" : "")} away from clients.";
    }
}
