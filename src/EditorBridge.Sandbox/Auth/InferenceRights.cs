namespace EditorBridge.Sandbox.Auth;

/// <summary>
/// Which roles may call Cortex at all, and which models they may use. At the start PUBLIC has both, as in a real account; the account
/// parameter for cross-region inference decides besides whether Claude is offered, because no Claude runs in the account's own region.
/// </summary>
internal sealed class InferenceRights(AccountParameters parameters)
{
    public const string EveryModel = "CORTEX-MODEL-ROLE-ALL";
    private const string ModelRolePrefix = "CORTEX-MODEL-ROLE-";
    private const string Public = "PUBLIC";
    private static readonly string[] CallerRoles = ["CORTEX_USER", "CORTEX_REST_API_USER"];
    private readonly HashSet<(string DatabaseRole, string Role)> _callers = [("CORTEX_USER", Public)];
    private readonly HashSet<(string ModelRole, string Role)> _models = [(EveryModel, Public)];
    private readonly Lock _lock = new();

    /// <summary>A region inside what cross-region inference allows, for the usage view.</summary>
    public string Region => parameters["CORTEX_ENABLED_CROSS_REGION"].ToUpperInvariant() switch
    {
        "AWS_EU" => "AWS_EU_CENTRAL_1",
        "AWS_APJ" or "AWS_JP" => "AWS_AP_NORTHEAST_1",
        "AWS_AU" => "AWS_AP_SOUTHEAST_2",
        _ => "AWS_US_WEST_2",
    };

    public bool MayCall(string role)
    {
        lock (_lock)
        {
            return role == AccountDirectory.AccountAdmin || _callers.Any(grant => CallerRoles.Contains(grant.DatabaseRole) && (grant.Role == role || grant.Role == Public));
        }
    }

    /// <summary>The allow-list or the model's own role lets a call pass; either is enough.</summary>
    public bool MayUse(string role, string model, bool crossRegionOnly)
    {
        if (crossRegionOnly && parameters["CORTEX_ENABLED_CROSS_REGION"].Equals("DISABLED", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var allowed = parameters["CORTEX_MODELS_ALLOWLIST"];
        if (role == AccountDirectory.AccountAdmin || allowed.Equals("All", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        var modelRole = ModelRolePrefix + model.ToUpperInvariant();
        lock (_lock)
        {
            return _models.Any(grant => (grant.ModelRole == EveryModel || grant.ModelRole == modelRole) && (grant.Role == role || grant.Role == Public));
        }
    }

    public void SetCaller(string databaseRole, string role, bool granted)
    {
        lock (_lock)
        {
            _ = granted ? _callers.Add((databaseRole, role)) : _callers.Remove((databaseRole, role));
        }
    }

    public void SetModel(string modelRole, string role, bool granted)
    {
        lock (_lock)
        {
            _ = granted ? _models.Add((modelRole, role)) : _models.Remove((modelRole, role));
        }
    }
}
