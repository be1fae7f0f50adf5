namespace EditorBridge.Sql;

/// <summary>What calling a function does.</summary>
internal enum FunctionEffect
{
    Pure,
    SensitiveRead,
    Ai,
    FileLink,
    EarlierResult,
    /// <summary>Runs its string argument as a query.</summary>
    RunsQuery,
    SystemRead,
    SystemTrace,
    SystemSecret,
    SystemAct,
    SystemDanger,
    SystemToken,
    SystemSend,
}

/// <summary>The built-in functions by what they do. A function that is not listed has an unknown effect; a SYSTEM$ function that is not listed acts.</summary>
internal static partial class FunctionTable
{
    private static readonly WordTable<FunctionEffect> Effects = new([
        .. Read(Pure, FunctionEffect.Pure),
        .. Read(Sensitive, FunctionEffect.SensitiveRead),
        .. Read(Ai, FunctionEffect.Ai),
        .. Read(FileLinks, FunctionEffect.FileLink),
        .. Read("RESULT_SCAN", FunctionEffect.EarlierResult),
        .. Read("TO_QUERY", FunctionEffect.RunsQuery),
        .. Read(SystemReads, FunctionEffect.SystemRead),
        .. Read(SystemTraces, FunctionEffect.SystemTrace),
        .. Read(SystemSecrets, FunctionEffect.SystemSecret),
        .. Read(SystemActs, FunctionEffect.SystemAct),
        .. Read(SystemDanger, FunctionEffect.SystemDanger),
        .. Read(SystemTokens, FunctionEffect.SystemToken),
        .. Read(SystemSends, FunctionEffect.SystemSend),
    ]);

    /// <summary>What the unqualified function <paramref name="name"/> does; null when it is not known.</summary>
    public static FunctionEffect? Find(ReadOnlySpan<char> name)
    {
        if (Effects.TryGet(name, out var effect)) return effect;
        return name.StartsWith("SYSTEM$", StringComparison.OrdinalIgnoreCase) ? FunctionEffect.SystemAct
            : name.StartsWith("AI_", StringComparison.OrdinalIgnoreCase) ? FunctionEffect.Ai
            : null;
    }

    /// <summary>True for functions that are called without parentheses.</summary>
    public static bool IsBareFunction(ReadOnlySpan<char> name) =>
        name.StartsWith("CURRENT_", StringComparison.Ordinal) && Effects.TryGet(name, out _) || name is "LOCALTIME" or "LOCALTIMESTAMP" or "SYSDATE" or "LEVEL";

    private static IEnumerable<KeyValuePair<string, FunctionEffect>> Read(string names, FunctionEffect effect) =>
        names.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(name => KeyValuePair.Create(name, effect));
}
