namespace EditorBridge.Sql;

/// <summary>Finds for each statement of the new text its partner in the old one.</summary>
internal sealed class Pairing
{
    private readonly TokenStatement[] _old;
    private readonly TokenStatement[] _current;
    private readonly int[] _partner;
    private readonly bool[] _oldPaired;

    public Pairing(TokenStatement[] old, TokenStatement[] current)
    {
        _old = old;
        _current = current;
        _partner = new int[current.Length];
        Array.Fill(_partner, -1);
        _oldPaired = new bool[old.Length];
    }

    public int PartnerOf(int current) => _partner[current];

    public bool IsOldPaired(int old) => _oldPaired[old];

    /// <summary>Statements with equal tokens. Equal ones among them pair in their order, those at the two ends first.</summary>
    public void ByTokens()
    {
        var shorter = Math.Min(_old.Length, _current.Length);
        var start = 0;
        while (start < shorter && _old[start].Hash == _current[start].Hash) Pair(start, start++);
        for (var tail = 1; tail <= shorter - start && _old[^tail].Hash == _current[^tail].Hash; tail++) Pair(_old.Length - tail, _current.Length - tail);
        PairInOrder(statement => statement.Hash);
    }

    /// <summary>Statements on the same object with the same verb.</summary>
    public void ByKey() => PairInOrder(statement => statement.Key);

    /// <summary>What is left, by the share of common tokens, within a window of neighbours.</summary>
    public void ByLikeness(int window, double least)
    {
        var lonely = Enumerable.Range(0, _old.Length).Where(index => !_oldPaired[index]).ToList();
        if (lonely.Count == 0) return;
        for (var index = 0; index < _current.Length; index++)
        {
            if (_partner[index] >= 0) continue;
            var best = -1;
            var bestShare = least;
            var near = lonely.BinarySearch(Expected(index));
            if (near < 0) near = ~near;
            for (var at = Math.Max(0, near - window); at < Math.Min(lonely.Count, near + window); at++)
            {
                if (_oldPaired[lonely[at]] || _old[lonely[at]].Verb != _current[index].Verb) continue;
                var share = Share(_old[lonely[at]], _current[index]);
                if (share > bestShare) (bestShare, best) = (share, lonely[at]);
            }
            if (best >= 0) Pair(best, index);
        }
    }

    /// <summary>The paired statements of the new text that break the old order: all but a longest run that keeps it.</summary>
    public HashSet<int> OutOfOrder()
    {
        var paired = Enumerable.Range(0, _current.Length).Where(index => _partner[index] >= 0).ToArray();
        var tails = new List<int>();
        var previous = new int[paired.Length];
        for (var at = 0; at < paired.Length; at++)
        {
            var partner = _partner[paired[at]];
            int low = 0, high = tails.Count;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_partner[paired[tails[middle]]] < partner) low = middle + 1;
                else high = middle;
            }
            previous[at] = low > 0 ? tails[low - 1] : -1;
            if (low == tails.Count) tails.Add(at);
            else tails[low] = at;
        }
        var moved = new HashSet<int>(paired);
        for (var at = tails.Count > 0 ? tails[^1] : -1; at >= 0; at = previous[at]) moved.Remove(paired[at]);
        return moved;
    }

    private void PairInOrder<T>(Func<TokenStatement, T> key) where T : notnull
    {
        var waiting = new Dictionary<T, Queue<int>>();
        for (var index = 0; index < _old.Length; index++)
        {
            if (_oldPaired[index]) continue;
            var own = key(_old[index]);
            if (!waiting.TryGetValue(own, out var queue)) waiting[own] = queue = new Queue<int>();
            queue.Enqueue(index);
        }
        if (waiting.Count == 0) return;
        for (var index = 0; index < _current.Length; index++)
            if (_partner[index] < 0 && waiting.TryGetValue(key(_current[index]), out var queue) && queue.TryDequeue(out var partner)) Pair(partner, index);
    }

    private void Pair(int old, int current)
    {
        _partner[current] = old;
        _oldPaired[old] = true;
    }

    // Where the statement before this one came from is the best guess of where this one came from.
    private int Expected(int current)
    {
        for (var index = current - 1; index >= 0 && index >= current - 64; index--)
            if (_partner[index] >= 0) return _partner[index] + 1;
        return Math.Min(current, _old.Length);
    }

    private static double Share(TokenStatement a, TokenStatement b)
    {
        if (a.Length == 0 || b.Length == 0) return 0;
        var counts = new Dictionary<ulong, int>(a.Length);
        for (var index = a.First; index < a.End; index++) counts[a.Source.HashAt(index)] = counts.GetValueOrDefault(a.Source.HashAt(index)) + 1;
        var common = 0;
        for (var index = b.First; index < b.End; index++)
        {
            if (counts.GetValueOrDefault(b.Source.HashAt(index)) is not (> 0 and var left)) continue;
            counts[b.Source.HashAt(index)] = left - 1;
            common++;
        }
        return 2.0 * common / (a.Length + b.Length);
    }
}
