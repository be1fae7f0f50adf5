using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Gate;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Trust;

namespace EditorBridge.Mcp.Trust;

/// <summary>
/// How a server is started or reached, and what the configuration allows it, as a person accepts it: what changes any of it in mcp.json afterwards starts nothing (CVE-2025-54136).
/// Variables and headers stand in it by their names, with a few digits of a digest so that another value is another launch; never with a value.
/// </summary>
internal static class LaunchDefinition
{
    /// <summary>Enough to show that a value changed, too few to find it out by trying.</summary>
    private const int Digits = 8;

    public static OfferedItem Of(UpstreamSettings settings)
    {
        var launch = settings.Transport == UpstreamTransport.Http
            ? new JsonObject { ["url"] = settings.Url!.ToString(), ["headers"] = Named(settings.Headers) }
            : new JsonObject { ["command"] = settings.Command, ["args"] = Texts(settings.Arguments), ["cwd"] = settings.Folder, ["env"] = Named(settings.Environment), ["inheritEnv"] = Texts(settings.InheritedVariables) };
        launch["trusted"] = settings.Trusted;
        launch["pinning"] = settings.Pinning;
        launch["prefix"] = settings.Prefix;
        launch["allow"] = Texts(settings.Allows.Select(GateEntries.Wirename).Order(StringComparer.Ordinal));
        launch["readOnlyTools"] = Texts(settings.ReadOnlyTools);
        return OfferedDefinition.TryRead(OfferedKind.Launch, "", launch.ToJsonString(), out var definition, out var problem)
            ? new OfferedItem(OfferedKind.Launch, "", definition, [], null)
            : new OfferedItem(OfferedKind.Launch, "", null, [], problem);
    }

    /// <summary>
    /// What runs, for people: the program a bare name leads to now, and its arguments. It is shown and not compared, because a bare name leads elsewhere with every PATH the host is
    /// started with; whoever wants it held writes the whole path.
    /// </summary>
    public static string Starts(UpstreamSettings settings)
    {
        if (settings.Transport == UpstreamTransport.Http) return settings.Target;
        return string.Join(' ', settings.Arguments.Select(UpstreamSecrets.Plain).Prepend(UpstreamProcess.ProgramOf(settings)));
    }

    /// <summary>Why a server is not started here, by what stands in the file of pins; null when it may be. The host holds the file to the ledger besides.</summary>
    public static UpstreamException? WhyNot(StateFolder state, UpstreamSettings settings)
    {
        var key = PinBook.KeyOf(OfferedKind.Launch, "");
        var fingerprint = Of(settings).Definition?.Fingerprint;
        if (settings.Managed || new PinFile(state).Read().GetValueOrDefault(settings.Name) is not { } pins || !pins.Pins.ContainsKey(key) && !pins.Held.ContainsKey(key)) return null;
        if (pins.Pins.GetValueOrDefault(key)?.Fingerprint == fingerprint && pins.Held.GetValueOrDefault(key)?.Fingerprint != fingerprint) return null;
        var reason = pins.Held.GetValueOrDefault(key) is { } held && held.Fingerprint == fingerprint ? held.Reason : HoldReason.Changed;
        return new UpstreamException(PinWords.Why(reason, OfferedKind.Launch, "", settings.Name, problem: null), $"editorbridge mcp accept {settings.Name} launch") { NeedsAcceptance = true };
    }

    private static JsonObject Named(IEnumerable<KeyValuePair<string, string>> values) =>
        new(values.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)("value " + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(pair.Key + "\n" + pair.Value)))[..Digits]))));

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode?)text)]);
}
