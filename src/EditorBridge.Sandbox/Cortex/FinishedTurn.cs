using EditorBridge.Sandbox.Script;

namespace EditorBridge.Sandbox.Cortex;

/// <summary>A turn after the request's limits were applied: cut at max_tokens or a stop sequence, with its usage.</summary>
/// <param name="StopSequence">The stop sequence that matched, if one did.</param>
internal sealed record FinishedTurn(IReadOnlyList<TurnBlock> Blocks, string StopReason, string? StopSequence, ModelUsage Usage)
{
    public static FinishedTurn Of(ModelTurn turn, int? maxTokens, IReadOnlyList<string> stopSequences, ModelUsage prompt)
    {
        var (blocks, stopSequence) = AtStopSequence(turn.Blocks, stopSequences);
        (blocks, var cut) = WithinTokens(blocks, maxTokens ?? int.MaxValue);
        var stop = cut ? "max_tokens"
            : stopSequence is not null ? "stop_sequence"
            : turn.StopReason ?? (blocks.Any(block => block is CallBlock) ? "tool_use" : "end_turn");
        var usage = new ModelUsage(
            turn.Usage?.Input ?? prompt.InputTokens,
            turn.Usage?.CacheCreation ?? prompt.CacheCreationInputTokens,
            turn.Usage?.CacheRead ?? prompt.CacheReadInputTokens,
            turn.Usage?.Output ?? Math.Max(1, blocks.Sum(block => TokenCount.Of(Content(block)))));
        return new FinishedTurn(blocks, stop, stop is "stop_sequence" ? stopSequence : null, usage);
    }

    private static string Content(TurnBlock block) => block switch
    {
        SayBlock say => say.Text,
        ThinkBlock think => think.Thinking,
        CallBlock call => call.Name + call.Input,
        _ => "",
    };

    private static (IReadOnlyList<TurnBlock> Blocks, string? Sequence) AtStopSequence(IReadOnlyList<TurnBlock> blocks, IReadOnlyList<string> sequences)
    {
        for (var index = 0; index < blocks.Count; index++)
        {
            if (blocks[index] is SayBlock say && sequences.FirstOrDefault(say.Text.Contains) is { } sequence)
            {
                var before = say.Text[..say.Text.IndexOf(sequence, StringComparison.Ordinal)];
                return ([.. blocks.Take(index), new SayBlock(before)], sequence);
            }
        }

        return (blocks, null);
    }

    private static (IReadOnlyList<TurnBlock> Blocks, bool Cut) WithinTokens(IReadOnlyList<TurnBlock> blocks, int maxTokens)
    {
        var kept = new List<TurnBlock>();
        var left = maxTokens;
        foreach (var block in blocks)
        {
            var tokens = TokenCount.Of(Content(block));
            if (tokens > left)
            {
                if (left > 0)
                {
                    kept.Add(Shortened(block, left * 4));
                }

                return (kept, true);
            }

            left -= tokens;
            kept.Add(block);
        }

        return (kept, false);
    }

    private static TurnBlock Shortened(TurnBlock block, int characters) => block switch
    {
        SayBlock say => new SayBlock(Prefix(say.Text, characters)),
        ThinkBlock think => think with { Thinking = Prefix(think.Thinking, characters) },
        CallBlock call => call with { Input = Prefix(call.Input, Math.Max(0, characters - call.Name.Length)) },
        _ => block,
    };

    /// <summary>Never ends between the halves of a surrogate pair.</summary>
    private static string Prefix(string text, int length) =>
        text.Length <= length ? text : text[..(length > 0 && char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
}
