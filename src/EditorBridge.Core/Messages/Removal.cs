using System.Collections.Immutable;
using System.Text;

namespace EditorBridge.Messages;

/// <summary>Why a request was changed before it left for the account. The sentence for people stands in <see cref="Removals.Why"/>.</summary>
public enum RemovalKind
{
    ApiVersion,
    Beta,
    UnknownField,
    UnsupportedField,
    BetaField,
    LocalIdentity,
    Model,
    CacheControlOption,
    CacheBreakpoint,
    ToolField,
    DeferredTool,
    ServerTool,
    McpServers,
    SystemMessage,
    EmptyText,
    ServerToolBlock,
    BlockField,
    Document,
    ImageSource,
    ExcessImage,
    SearchResult,
    ToolReference,
    UnsignedThinking,
    TrailingAssistant,
    Thinking,
    Sampling,
    Effort,
    MaxTokens,
    OutputFormat,
    Compaction,
}

/// <summary>One change, or several of the same kind and subject.</summary>
/// <param name="What">The field, beta, block or tool.</param>
/// <param name="Where">Where it stood first, as a path into the body or a header's name.</param>
public sealed record Removal(RemovalKind Kind, string What, string Where, int Count = 1);

public static class Removals
{
    /// <summary>Why, in one sentence, for the ledger, the response header's reader and <c>doctor</c>.</summary>
    public static string Why(RemovalKind kind) => kind switch
    {
        RemovalKind.ApiVersion => "Cortex speaks the API version 2023-06-01 only.",
        RemovalKind.Beta => "Cortex refuses betas that are not on its list.",
        RemovalKind.UnknownField => "Cortex refuses fields it does not know.",
        RemovalKind.UnsupportedField => "Cortex does not offer this.",
        RemovalKind.BetaField => "The field needs a beta that is not part of the request.",
        RemovalKind.LocalIdentity => "It identifies this machine and session; the ledger keeps it, the account does not need it.",
        RemovalKind.Model => "The account calls the model by another name.",
        RemovalKind.CacheControlOption => "Cortex caches for five minutes only and takes no other option.",
        RemovalKind.CacheBreakpoint => "At most four cache breakpoints are allowed; the ones that matter most were kept.",
        RemovalKind.ToolField => "Cortex refuses this field of a tool.",
        RemovalKind.DeferredTool => "Cortex has no deferred tools: a tool is sent from the moment it is referenced.",
        RemovalKind.ServerTool => "Tools that run at the model's provider are not available in the account.",
        RemovalKind.McpServers => "MCP servers are reached through the local gateway, never from the model's provider.",
        RemovalKind.SystemMessage => "Cortex takes no system messages between the turns; the text was folded into the user's turn.",
        RemovalKind.EmptyText => "Empty text is refused.",
        RemovalKind.ServerToolBlock => "Blocks of tools that ran at another provider mean nothing to the account.",
        RemovalKind.BlockField => "Cortex refuses this field of a block.",
        RemovalKind.Document => "Cortex takes no documents; text was kept as text, anything else was replaced by a notice to the model.",
        RemovalKind.ImageSource => "Cortex takes images only as base64; this one was replaced by a notice to the model.",
        RemovalKind.ExcessImage => "At most 20 images are allowed in a conversation; the oldest were replaced by a notice to the model.",
        RemovalKind.SearchResult => "Cortex takes no search results; their text was kept.",
        RemovalKind.ToolReference => "Cortex has no tool references; the tool itself is part of the request.",
        RemovalKind.UnsignedThinking => "Thinking without a signature is refused.",
        RemovalKind.TrailingAssistant => "With tools, the last message must be the user's.",
        RemovalKind.Thinking => "The model does not take thinking in this form.",
        RemovalKind.Sampling => "The model does not take sampling settings here.",
        RemovalKind.Effort => "The model does not take this effort.",
        RemovalKind.MaxTokens => "At least one token must be asked for.",
        RemovalKind.OutputFormat => "The field has another name on this path.",
        RemovalKind.Compaction => "Cortex has no compaction blocks; the summary was kept as text.",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A removal without a reason."),
    };

    /// <summary>A response header's value: <c>Kind=what</c> pairs, ASCII, at most 1000 characters.</summary>
    public static string Header(ImmutableArray<Removal> removals)
    {
        const int Longest = 1000;
        var text = new StringBuilder();
        foreach (var removal in removals)
        {
            var item = $"{(text.Length == 0 ? "" : ", ")}{removal.Kind}={Ascii(removal.What)}{(removal.Count > 1 ? $"*{removal.Count}" : "")}";
            if (text.Length + item.Length > Longest - 5)
            {
                text.Append(", ...");
                break;
            }
            text.Append(item);
        }
        return text.ToString();
    }

    private static string Ascii(string text)
    {
        var safe = string.Create(Math.Min(text.Length, 80), text, static (span, from) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = char.IsAsciiLetterOrDigit(from[i]) || "-_.[]>:/".Contains(from[i], StringComparison.Ordinal) ? from[i] : '_';
            }
        });
        return safe;
    }
}

/// <summary>Gathers removals; the same change in a thousand places is one entry with a count.</summary>
internal sealed class RemovalLog
{
    private readonly Dictionary<(RemovalKind, string), int> _places = [];
    private readonly List<Removal> _removals = [];

    public void Add(RemovalKind kind, string what, string where)
    {
        if (_places.TryGetValue((kind, what), out var at))
        {
            _removals[at] = _removals[at] with { Count = _removals[at].Count + 1 };
            return;
        }
        // What was named by a client is bounded, so a hostile request cannot fill the ledger.
        const int MostKinds = 200;
        if (_removals.Count >= MostKinds)
        {
            return;
        }
        _places[(kind, what)] = _removals.Count;
        _removals.Add(new Removal(kind, what.Length > 100 ? what[..100] : what, where));
    }

    public ImmutableArray<Removal> ToImmutable() => [.. _removals];
}
