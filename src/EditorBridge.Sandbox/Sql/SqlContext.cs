using EditorBridge.Sandbox.Auth;

namespace EditorBridge.Sandbox.Sql;

/// <summary>Whose statement it is and where it runs. Each call is a session of its own; nothing is carried over.</summary>
internal sealed record SqlContext(Identity Identity, string Role, string? Database, string? Schema, string? Warehouse, string? QueryTag)
{
    /// <summary>Roles whose rights count beside those of <see cref="Role"/>, all but the right to create objects.</summary>
    public IReadOnlyList<string> SecondaryRoles { get; init; } = [];

    /// <summary>True for a statement that set up a driver's session and does nothing else.</summary>
    public bool IsSetting { get; init; }

    public IReadOnlyList<string> Roles => [Role, .. SecondaryRoles];
}

/// <summary>A table or view by its full name.</summary>
internal readonly record struct ObjectName(string Database, string Schema, string Name)
{
    public override string ToString() => $"{Database}.{Schema}.{Name}";

    public string Quoted => string.Join('.', new[] { Database, Schema, Name }.Select(part => $"\"{part.Replace("\"", "\"\"", StringComparison.Ordinal)}\""));

    /// <summary>Completes a name of one to three parts from the session.</summary>
    public static ObjectName Of(IReadOnlyList<string> parts, SqlContext context) => parts.Count switch
    {
        1 => new(context.Database ?? throw SqlException.NoDatabase(), context.Schema ?? "PUBLIC", parts[0]),
        2 => new(context.Database ?? throw SqlException.NoDatabase(), parts[0], parts[1]),
        3 => new(parts[0], parts[1], parts[2]),
        _ => throw SqlException.NotFound("Object", string.Join('.', parts)),
    };
}
