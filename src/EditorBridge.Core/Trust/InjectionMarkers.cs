using System.Collections.Immutable;
using System.Text.RegularExpressions;
using EditorBridge.Sql;

namespace EditorBridge.Trust;

/// <summary>A turn of phrase that speaks to a model instead of describing something.</summary>
internal sealed record InjectionMarker(string Id, Severity Severity, string Message, Regex Phrase);

/// <summary>
/// The known turns of phrase of prompt injection, looked for in text without its hidden characters. Heuristics: they find the common forms and miss
/// others, so they add to pins, the gate and taint and never stand in their place. Every expression runs in time in proportion to the text.
/// </summary>
internal static class InjectionMarkers
{
    public static readonly ImmutableArray<InjectionMarker> All =
    [
        Marker("override", Severity.High, "tells the model to ignore what it was told",
            @"\b(ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}\b(previous|prior|above|earlier|all|any|your|system|other|existing)\b[^.\n]{0,30}\b(instructions?|prompts?|rules?|guidelines?|directions?|restrictions?|policies)\b"),
        Marker("secrecy", Severity.High, "asks the model to keep something from the person",
            @"\b(do not|don't|don’t|never|must not|should not|without|avoid)\b[^.\n]{0,40}\b(tell|telling|inform|informing|mention|mentioning|notify|notifying|reveal|revealing|show|showing|alert|alerting|ask|asking|disclose|disclosing)\b[^.\n]{0,40}\b(the user|users?|human|person|anyone|anybody|developer)\b"),
        Marker("pseudo-tag", Severity.High, "holds a tag that pretends to be part of the prompt",
            @"<\s*/?\s*(important|system|secret|instructions?|admin|assistant|hidden|critical|override|system-reminder|im_start)\b[^>\n]{0,80}>|<\|(im_start|im_end|system|user|assistant|endoftext)\|>|\[/?(INST|SYSTEM)\]|<<SYS>>"),
        Marker("send-out", Severity.High, "asks for data to be sent somewhere",
            @"\b(send|post|upload|forward|exfiltrate|transmit|leak|e-?mail|bcc|submit|copy)\b[^.\n]{0,100}\b(to|at|via|into)\b[^.\n]{0,30}(https?://|ftp://|\bwebhook|\battacker|[\w.+-]{1,64}@[\w-]{1,64}\.\w)"),
        Marker("secret-files", Severity.High, "asks for files that hold secrets",
            @"\b(read|open|cat|include|pass|send|attach|load|paste|contents? of|access|fetch)\b[^\n]{0,80}(\.ssh\b|\.aws\b|\.snowflake\b|\.kube\b|\.gnupg\b|\.netrc\b|\.npmrc\b|\.claude\b|\bid_rsa\b|\bid_ed25519\b|/etc/(passwd|shadow)\b|\bconnections\.toml\b|\bmcp\.json\b|[/\\]\.env\b)"),
        Marker("first-call", Severity.Medium, "orders another step before the tool may be used",
            @"\b(before|prior to|instead of|whenever|every time)\b[^.\n]{0,40}\b(using|calling|invoking|running|you (use|call|run))\b[^.\n]{0,40}\b(must|always|first|you need to|make sure)\b|\b(must|always)\b[^.\n]{0,20}\b(first|before)\b[^.\n]{0,30}\b(call|invoke|run|read)\b[^.\n]{0,60}\b(tool|file)\b"),
        Marker("persona", Severity.Medium, "gives the model another part to play",
            @"\b(you are now|from now on,? you|act as (an?|the)|pretend (to be|you are)|new (system )?(instructions?|prompt)( are| is|:)|developer mode|jailbreak)\b"),
        Marker("speaker", Severity.Medium, "pretends to be another speaker of the conversation",
            @"(^|\n)\s{0,8}(system|assistant|human)\s{0,3}:\s"),
        Marker("preference", Severity.Medium, "praises itself over other tools",
            @"\b(always|must|only|exclusively)\b[^.\n]{0,20}\b(use|prefer|choose|call|select)\b[^.\n]{0,30}\b(this|our)\b[^.\n]{0,20}\b(tool|server)\b[^.\n]{0,60}\b(instead|over|rather than|any other|all other)\b"),
        Marker("comment", Severity.Medium, "holds text that pages do not show", @"<!--[^>]{8,}-->"),
        Marker("picture", Severity.Medium, "holds a picture whose address can carry data out", @"!\[[^\]\n]{0,200}\]\(\s*https?://[^)\s]{0,300}\?[^)\s]{1,600}\)"),
    ];

    private static InjectionMarker Marker(string id, Severity severity, string message, string expression) =>
        new("trust.injection." + id, severity, message, new Regex(expression, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking));
}
