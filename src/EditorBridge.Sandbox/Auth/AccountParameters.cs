using System.Collections.Concurrent;

namespace EditorBridge.Sandbox.Auth;

/// <summary>Account parameters that decide about inference, and network policies.</summary>
internal sealed class AccountParameters
{
    private readonly ConcurrentDictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase)
    {
        ["CORTEX_ENABLED_CROSS_REGION"] = "ANY_REGION",
        ["CORTEX_MODELS_ALLOWLIST"] = "All",
        ["STATEMENT_TIMEOUT_IN_SECONDS"] = "172800",
        ["NETWORK_POLICY"] = "",
    };

    public IReadOnlyList<(string Name, string Value)> All => [.. _values.Select(entry => (entry.Key, entry.Value)).OrderBy(entry => entry.Key)];

    public string this[string name]
    {
        get => _values[name];
        set => _values[name] = value;
    }

    public bool Knows(string name) => _values.ContainsKey(name);
}
