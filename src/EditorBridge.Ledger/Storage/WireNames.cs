namespace EditorBridge.Ledger.Storage;

/// <summary>How the projection's enums stand in the database: lower-case member names.</summary>
internal static class WireNames
{
    private static readonly string[] States = [.. Enum.GetNames<CallState>().Select(static n => n.ToLowerInvariant())];
    private static readonly string[] Kinds = [.. Enum.GetNames<CallKind>().Select(static n => n.ToLowerInvariant())];

    public static string Name(this CallState state) => States[(int)state];

    public static string Name(this CallKind kind) => Kinds[(int)kind];

    public static CallState ParseState(string name) => (CallState)Index(States, name);

    public static CallKind ParseKind(string name) => (CallKind)Index(Kinds, name);

    private static int Index(string[] names, string name)
    {
        int index = Array.IndexOf(names, name);
        return index >= 0 ? index : throw new InvalidDataException($"The ledger holds the unknown name '{name}': it was written by a newer version or changed by hand.");
    }
}
