using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Mcp.Trust;
using EditorBridge.Trust;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>A tool or prompt of a server under the name it is listed by.</summary>
/// <param name="Name">As the server knows it.</param>
/// <param name="Listed">As clients know it.</param>
/// <param name="PolicyName">As the gate and the ledger know it.</param>
/// <param name="Definition">As the server sent it, with the listed name in place of its own.</param>
internal sealed record ListedItem(Upstream Upstream, string Name, string Listed, string PolicyName, JsonObject Definition)
{
    /// <summary>The person who configured the server says that the tool only reads, or vouches for a server that says so itself.</summary>
    public bool KnownReadOnly { get; init; }

    /// <summary>Why it is kept from clients: its definition is not what was accepted; null when it may be listed and called.</summary>
    public string? Held { get; init; }

    /// <summary>Of the definition, as it is pinned; null when it has no canonical form.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Listed even where tool search stands for the rest.</summary>
    public bool Pinned { get; init; }

    /// <summary>The SDK's reading of the definition, for the headers it may ask for; null where the server is not reached over HTTP.</summary>
    public Tool? ForHeaders { get; init; }
}

/// <summary>
/// What all servers offer together, in one order: servers as configured, things as the server lists them. A snapshot; a change makes another.
/// Two things never share a name: the one that would come second is left out and named among the problems.
/// </summary>
internal sealed class UpstreamCatalogue
{
    public static readonly UpstreamCatalogue Empty = new([], [], null);

    private readonly FrozenDictionary<string, ListedItem> _tools;
    private readonly FrozenDictionary<string, ListedItem> _prompts;
    private readonly FrozenDictionary<string, ListedItem> _heldTools;
    private readonly FrozenDictionary<string, ListedItem> _heldPrompts;

    /// <param name="pins">What was accepted; null for servers nobody is held to.</param>
    public UpstreamCatalogue(IEnumerable<Upstream> upstreams, IReadOnlyCollection<string> ownNames, PinBook? pins)
    {
        var problems = ImmutableArray.CreateBuilder<(Upstream, string)>();
        foreach (var upstream in upstreams) problems.AddRange(upstream.Lists.LeftOut.Select(message => (upstream, message)));
        var ready = upstreams.Where(u => u.Health.State == UpstreamState.Ready).ToArray();
        // A thing that is held keeps its name: nothing else can be called by it meanwhile.
        var tools = Named(ready, u => u.Lists.Tools, OfferedKind.Tool, ownNames, pins, problems);
        var prompts = Named(ready, u => u.Lists.Prompts, OfferedKind.Prompt, [], pins, problems);
        Tools = [.. tools.Where(t => t.Held is null)];
        Prompts = [.. prompts.Where(p => p.Held is null)];
        Held = [.. tools.Where(t => t.Held is not null)];
        Resources = ByAddress(ready, u => u.Lists.Resources, "uri", problems);
        Templates = ByAddress(ready, u => [.. u.Lists.Templates.Where(t => t["uriTemplate"] is JsonValue value && value.TryGetValue(out string? address) && pins?.WhyHeld(u.Settings, OfferedKind.ResourceTemplate, address) is null)], "uriTemplate", problems);
        Problems = problems.ToImmutable();
        _tools = Tools.ToFrozenDictionary(t => t.Listed, StringComparer.Ordinal);
        _prompts = Prompts.ToFrozenDictionary(p => p.Listed, StringComparer.Ordinal);
        _heldTools = Held.ToFrozenDictionary(t => t.Listed, StringComparer.Ordinal);
        _heldPrompts = prompts.Where(p => p.Held is not null).ToFrozenDictionary(p => p.Listed, StringComparer.Ordinal);
    }

    public ImmutableArray<ListedItem> Tools { get; }
    public ImmutableArray<ListedItem> Prompts { get; }

    /// <summary>Tools that are offered and kept from clients; <see cref="ListedItem.Held"/> says why.</summary>
    public ImmutableArray<ListedItem> Held { get; }

    public ImmutableArray<(Upstream Upstream, string Address, JsonObject Definition)> Resources { get; }
    public ImmutableArray<(Upstream Upstream, string Address, JsonObject Definition)> Templates { get; }

    /// <summary>What was left out, and why.</summary>
    public ImmutableArray<(Upstream Upstream, string Message)> Problems { get; }

    public ListedItem? Tool(string listed) => _tools.GetValueOrDefault(listed);

    public ListedItem? Prompt(string listed) => _prompts.GetValueOrDefault(listed);

    public ListedItem? HeldTool(string listed) => _heldTools.GetValueOrDefault(listed);

    public ListedItem? HeldPrompt(string listed) => _heldPrompts.GetValueOrDefault(listed);

    /// <summary>The server an address belongs to: the one that lists it, else the one whose template fits best; null when there is none.</summary>
    /// <param name="isListed">True when the address stands in a list as it is, so nothing in it is the agent's.</param>
    public Upstream? ServerOf(string address, out bool isListed)
    {
        foreach (var resource in Resources)
        {
            if (resource.Address != address) continue;
            isListed = true;
            return resource.Upstream;
        }

        isListed = false;
        return Templates
            .Select(template => (template.Upstream, Fixed: FixedPart(template.Address)))
            .Where(template => template.Fixed.Length > 0 && address.StartsWith(template.Fixed, StringComparison.Ordinal))
            .OrderByDescending(template => template.Fixed.Length)
            .Select(template => template.Upstream)
            .FirstOrDefault();
    }

    /// <summary>The server whose template this is; null when there is none.</summary>
    public Upstream? ServerOfTemplate(string template) => Templates.FirstOrDefault(t => t.Address == template).Upstream;

    private static string FixedPart(string template)
    {
        var variable = template.IndexOf('{', StringComparison.Ordinal);
        return variable < 0 ? template : template[..variable];
    }

    private static ImmutableArray<ListedItem> Named(
        IReadOnlyList<Upstream> upstreams, Func<Upstream, ImmutableArray<JsonObject>> list, OfferedKind offered, IReadOnlyCollection<string> taken, PinBook? pins, ImmutableArray<(Upstream, string)>.Builder problems)
    {
        var kind = PinWords.Of(offered);
        var names = new HashSet<string>(taken, StringComparer.OrdinalIgnoreCase);
        var items = ImmutableArray.CreateBuilder<ListedItem>();
        foreach (var upstream in upstreams)
        {
            var own = new HashSet<string>(StringComparer.Ordinal);
            // A name that stands as it is keeps it, and the one that had to be changed into it gives way.
            foreach (var definition in list(upstream).OrderBy(d => NameOf(d) is { } n && n.Contains('.', StringComparison.Ordinal) ? 1 : 0))
            {
                if (NameOf(definition) is not { Length: > 0 } name) problems.Add((upstream, $"A {kind} without a name was left out."));
                else if (!own.Add(name)) problems.Add((upstream, $"The {kind} '{name}' is listed twice; the first counts."));
                else
                {
                    var listed = UpstreamName.Listed(upstream.Settings.Prefix, name);
                    // A digest keeps two apart that meet by chance; a name made to be another's, digest and all, is not used.
                    if (!names.Add(listed) && (upstream.Settings.Prefix.Length == 0 || !names.Add(listed = UpstreamName.WithDigest(listed, name))))
                    {
                        problems.Add((upstream, $"The {kind} '{name}' would be listed as '{listed}', which is taken, and was left out."));
                        continue;
                    }

                    items.Add(Item(upstream, definition, name, listed) with { Held = pins?.WhyHeld(upstream.Settings, offered, name), Fingerprint = upstream.Lists.Offered.GetValueOrDefault((offered, name))?.Definition?.Fingerprint });
                }
            }
        }

        var order = upstreams.Select((upstream, index) => (upstream, index)).ToDictionary(u => u.upstream, u => u.index);
        return [.. items.OrderBy(i => order[i.Upstream])];
    }

    private static ListedItem Item(Upstream upstream, JsonObject definition, string name, string listed)
    {
        var settings = upstream.Settings;
        var shown = (JsonObject)definition.DeepClone();
        shown["name"] = listed;
        var saysReadOnly = definition["annotations"].Member("readOnlyHint").IsTrue();
        return new ListedItem(upstream, name, listed, UpstreamName.ForPolicy(settings.Name, settings.Prefix, listed), shown)
        {
            KnownReadOnly = settings.ReadOnlyTools.Contains(name, StringComparer.Ordinal) || settings.Trusted && saysReadOnly,
            Pinned = settings.PinnedTools.Contains(name, StringComparer.Ordinal),
            ForHeaders = settings.Transport == UpstreamTransport.Http && upstream.IsModern ? Typed(definition) : null,
        };
    }

    private static Tool? Typed(JsonObject definition)
    {
        try
        {
            return definition.Deserialize<Tool>(McpJsonUtilities.DefaultOptions);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException or NotSupportedException)
        {
            // The server wrote it, and one definition must not cost the others their place.
            return null;
        }
    }

    private static ImmutableArray<(Upstream, string, JsonObject)> ByAddress(
        IEnumerable<Upstream> upstreams, Func<Upstream, ImmutableArray<JsonObject>> list, string property, ImmutableArray<(Upstream, string)>.Builder problems)
    {
        var seen = new Dictionary<string, Upstream>(StringComparer.Ordinal);
        var items = ImmutableArray.CreateBuilder<(Upstream, string, JsonObject)>();
        foreach (var upstream in upstreams)
        {
            foreach (var definition in list(upstream))
            {
                if (definition[property] is not JsonValue value || !value.TryGetValue(out string? address)) continue;
                if (seen.TryAdd(address, upstream)) items.Add((upstream, address, definition));
                else problems.Add((upstream, $"The resource {address} is offered by {seen[address].Settings.Name} too, and is read there."));
            }
        }

        return items.ToImmutable();
    }

    private static string? NameOf(JsonObject definition) => definition["name"] is JsonValue value && value.TryGetValue(out string? name) ? name : null;
}
