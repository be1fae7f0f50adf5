using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Sandbox.Cortex;

/// <summary>Token counts of one answer, under Anthropic's names. The whole prompt is the sum of the first three.</summary>
internal sealed record ModelUsage(int InputTokens, int CacheCreationInputTokens, int CacheReadInputTokens, int OutputTokens);

/// <summary>
/// The prompt cache: prefixes that ended at a breakpoint are remembered for five minutes, and for five more each time they are read.
/// Unlike the real one it has no minimum length, so that small tests can see it work.
/// </summary>
internal sealed class PromptCache(TimeProvider clock)
{
    /// <summary>How long an unread prefix lives. Cortex offers this one value only.</summary>
    public static readonly TimeSpan TimeToLive = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, DateTimeOffset> _prefixes = [];
    private readonly Lock _lock = new();

    /// <summary>Counts the prompt, split into what was read from the cache, what was written to it, and the rest.</summary>
    public ModelUsage Use(string model, IReadOnlyList<PromptSegment> segments)
    {
        var now = clock.GetUtcNow();
        var keys = Keys(model, segments);
        var lastBreakpoint = segments.Count - 1;
        while (lastBreakpoint >= 0 && !segments[lastBreakpoint].Breakpoint)
        {
            lastBreakpoint--;
        }

        lock (_lock)
        {
            foreach (var expired in _prefixes.Where(prefix => prefix.Value <= now).Select(prefix => prefix.Key).ToList())
            {
                _prefixes.Remove(expired);
            }

            var hit = lastBreakpoint;
            while (hit >= 0 && !_prefixes.ContainsKey(keys[hit]))
            {
                hit--;
            }

            for (var index = 0; index <= lastBreakpoint; index++)
            {
                if (segments[index].Breakpoint || index == hit)
                {
                    _prefixes[keys[index]] = now + TimeToLive;
                }
            }

            var read = Tokens(segments.Take(hit + 1));
            var prefix = Tokens(segments.Take(lastBreakpoint + 1));
            return new ModelUsage(Tokens(segments) - prefix, prefix - read, read, OutputTokens: 0);
        }
    }

    private static int Tokens(IEnumerable<PromptSegment> segments) => segments.Sum(segment => segment.Tokens);

    private static string[] Keys(string model, IReadOnlyList<PromptSegment> segments)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(model));
        var keys = new string[segments.Count];
        for (var index = 0; index < segments.Count; index++)
        {
            hash.AppendData([0]);
            hash.AppendData(Encoding.UTF8.GetBytes(segments[index].Text));
            keys[index] = Convert.ToHexString(hash.GetCurrentHash());
        }

        return keys;
    }
}
