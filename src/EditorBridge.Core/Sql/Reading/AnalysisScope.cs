using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>What is known outside the SQL text, given as values.</summary>
public sealed record SqlContext
{
    public static readonly SqlContext Empty = new();

    /// <summary>Session variables that are already set, by upper-case name.</summary>
    public ImmutableDictionary<string, string> SessionVariables { get; init; } = ImmutableDictionary<string, string>.Empty;
    /// <summary>dbt project variables, by name as written.</summary>
    public ImmutableDictionary<string, string> TemplateVariables { get; init; } = ImmutableDictionary<string, string>.Empty;
    /// <summary>dbt models by name, to the relation they stand for.</summary>
    public ImmutableDictionary<string, string> Models { get; init; } = ImmutableDictionary<string, string>.Empty;
}

/// <summary>What one statement of a submission leaves behind for the next: variables, and what was created or written.</summary>
internal sealed class AnalysisScope
{
    private readonly Dictionary<string, string?> _variables = new(StringComparer.Ordinal);

    public AnalysisScope(SqlContext? context = null)
    {
        foreach (var (name, value) in (context ?? SqlContext.Empty).SessionVariables) _variables[name] = value;
    }

    private AnalysisScope(AnalysisScope outer)
    {
        Depth = outer.Depth + 1;
        foreach (var (name, value) in outer._variables) _variables[name] = value;
    }

    /// <summary>How many strings of SQL inside strings of SQL were entered.</summary>
    public int Depth { get; private init; }

    public AnalysisScope Enter() => new(this);

    /// <summary>The value of a variable, when it is known for certain.</summary>
    public string? Value(string name) => _variables.GetValueOrDefault(name);

    public void Set(string name, string? value) => _variables[name] = value;

    public void Forget(string name) => _variables[name] = null;

    /// <summary>Code whose effect is unknown may have set any variable of the session.</summary>
    public void ForgetAll() => _variables.Clear();

    private readonly HashSet<string> _streams = new(StringComparer.Ordinal);

    public void NoteWrite(string name, string kind, ObjectAccess access)
    {
        if (kind == "STREAM" && access == ObjectAccess.Create) _streams.Add(name);
    }

    public bool IsStream(string name) => _streams.Contains(name);
}
