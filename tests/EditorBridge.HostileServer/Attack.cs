using System.Text.Json.Nodes;

namespace EditorBridge.HostileServer;

/// <summary>One hostile definition.</summary>
/// <param name="Class">What published collections call such an attack.</param>
/// <param name="Finding">The id under which it has to be found.</param>
/// <param name="Holds">Whether it has to wait for a person; false for what is only named.</param>
public sealed record Attack(string Class, string Finding, bool Holds, JsonObject Definition)
{
    public string Name => Definition["name"]!.GetValue<string>();

    public override string ToString() => $"{Class}: {Name}";
}
