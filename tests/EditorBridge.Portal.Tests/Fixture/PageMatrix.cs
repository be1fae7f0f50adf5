using EditorBridge.Portal.Pages;

namespace EditorBridge.Portal;

/// <summary>Every page of the portal: its address, the roles it opens for and what stands in the access log when somebody has looked at it.</summary>
internal static class PageMatrix
{
    private const string Everybody = "developer approver auditor policy-admin system-admin";

    /// <param name="Parameter">What the address gives the page, as name and value.</param>
    /// <param name="Address">As a person types it; the address without its query is what the entry names, unless <paramref name="Noted"/> does.</param>
    internal sealed record Row(Type Page, string Address, string Roles, (string Name, string Value)? Parameter = null, string? Noted = null);

    /// <summary>A call and a session that the tests put into the ledger first.</summary>
    public const string Call = "act-000001";
    public const string Session = "session-one";

    public static readonly IReadOnlyList<Row> Rows =
    [
        new(typeof(Overview), "/", Everybody),
        // The queue opens its oldest review, and that is what was read.
        new(typeof(Reviews), "/reviews", Everybody, Noted: $"/reviews/{Call}"),
        new(typeof(Reviews), $"/reviews/{Call}", Everybody, ("CallId", Call)),
        new(typeof(Calls), "/calls", Everybody),
        new(typeof(CallDetail), $"/calls/{Call}", Everybody, ("CallId", Call)),
        new(typeof(Sessions), "/sessions", Everybody),
        new(typeof(SessionDetail), $"/sessions/{Session}", Everybody, ("SessionId", Session)),
        new(typeof(Pages.Policies), "/policies", Everybody),
        new(typeof(Spend), "/spend", Everybody),
        new(typeof(McpServers), "/mcp", Everybody),
        new(typeof(Egress), "/egress", Everybody),
        new(typeof(Integrity), "/integrity", Everybody),
        new(typeof(Pages.Reconciliation), "/reconciliation", Everybody),
        new(typeof(Exports), "/exports", "auditor"),
        new(typeof(AccessLog), "/access", "auditor system-admin"),
        new(typeof(Settings), "/settings", "system-admin"),
    ];

    /// <summary>Pages that show nothing of the ledger.</summary>
    public static readonly IReadOnlySet<Type> Empty = new HashSet<Type> { typeof(NotFound) };

    public static TheoryData<string> Addresses => [.. Rows.Select(row => row.Address)];

    public static Row At(string address) => Rows.Single(row => row.Address == address);
}
