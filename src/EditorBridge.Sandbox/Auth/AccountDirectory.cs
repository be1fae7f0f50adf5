using System.Security.Cryptography;

namespace EditorBridge.Sandbox.Auth;

internal enum UserType
{
    Person,
    Service,
}

/// <param name="Roles">Roles granted to the user, without PUBLIC, which everybody has.</param>
internal sealed record AccountUser(string Name, UserType Type, string DefaultRole, IReadOnlyList<string> Roles)
{
    /// <summary>The RSA key the user may sign in with: base64 of its SubjectPublicKeyInfo.</summary>
    public string? PublicKey { get; init; }

    /// <summary>DEFAULT_SECONDARY_ROLES = ('ALL'): the rights of every role of the user count in a session, whichever is its own.</summary>
    public bool AllSecondaryRoles { get; init; }

    /// <summary>Base64 of the SHA-256 over the key's SubjectPublicKeyInfo.</summary>
    public string? KeyFingerprint => PublicKey is null ? null : Convert.ToBase64String(SHA256.HashData(Convert.FromBase64String(PublicKey)));

    public string Id => ((uint)Name.Aggregate(17, (hash, letter) => unchecked((hash * 31) + letter)) % 1_000_000).ToString("D6", System.Globalization.CultureInfo.InvariantCulture);
}

internal enum Access
{
    Read,
    Write,
}

/// <summary>A right of a role on tables and views. A null schema or table means every one.</summary>
internal sealed record Grant(Access Access, string Database, string? Schema = null, string? Table = null)
{
    public bool Covers(string database, string schema, string table, Access access) =>
        (Access == Access.Write || access == Access.Read)
        && Database == database && (Schema is null || Schema == schema) && (Table is null || Table == table);
}

/// <summary>
/// Users, roles and rights of the sample account. ANALYST is what a developer works with: it reads the shop's data with e-mail
/// addresses masked and writes to ANALYTICS; HR sees salaries; READER only finished marts; AUDITOR the usage views.
/// </summary>
internal sealed class AccountDirectory
{
    public const string AccountAdmin = "ACCOUNTADMIN";
    public const string Account = "SANDBOX";
    public const string Organization = "EDITORBRIDGE";
    public const string Warehouse = "COMPUTE_WH";

    private readonly Lock _lock = new();

    private readonly Dictionary<string, AccountUser> _users = new AccountUser[]
    {
        new("DEVELOPER", UserType.Person, "ANALYST", ["ANALYST", "READER", "DATA_ENGINEER", "AUDITOR"]),
        new("ADMIN", UserType.Person, AccountAdmin, [AccountAdmin, "ANALYST", "READER", "DATA_ENGINEER", "AUDITOR", "HR"]),
        new("AGENT", UserType.Service, "READER", ["READER"]),
    }.ToDictionary(user => user.Name);

    private readonly Dictionary<string, List<Grant>> _roles = new()
    {
        ["PUBLIC"] = [],
        ["READER"] = [new(Access.Read, "ANALYTICS", "MARTS")],
        ["ANALYST"] = [new(Access.Read, "RAW", "SHOP"), new(Access.Write, "ANALYTICS")],
        ["DATA_ENGINEER"] = [new(Access.Write, "RAW", "SHOP"), new(Access.Write, "ANALYTICS")],
        ["HR"] = [new(Access.Read, "RAW", "HR")],
        ["AUDITOR"] = [new(Access.Read, "SNOWFLAKE")],
        [AccountAdmin] = [],
    };

    public IReadOnlyList<string> RoleNames
    {
        get
        {
            lock (_lock)
            {
                return [.. _roles.Keys.Order()];
            }
        }
    }

    public IReadOnlyList<AccountUser> Users
    {
        get
        {
            lock (_lock)
            {
                return [.. _users.Values];
            }
        }
    }

    public AccountUser? User(string name)
    {
        lock (_lock)
        {
            return _users.GetValueOrDefault(name.ToUpperInvariant());
        }
    }

    public bool MayUse(string userName, string role) => role == "PUBLIC" || User(userName)?.Roles.Contains(role) is true;

    /// <summary>The roles beside <paramref name="role"/> that count in a session of this user.</summary>
    /// <param name="all">What the session itself says; null for the user's default.</param>
    public IReadOnlyList<string> SecondaryRoles(string userName, string role, bool? all = null) =>
        User(userName) is { } user && (all ?? user.AllSecondaryRoles) ? [.. user.Roles.Where(other => other != role)] : [];

    /// <summary>True when one of the roles may.</summary>
    public bool May(IReadOnlyList<string> roles, string database, string schema, string table, Access access) =>
        Holds(roles, grant => grant.Covers(database, schema, table, access));

    /// <summary>True when one of the roles sees anything in this database or schema.</summary>
    public bool Sees(IReadOnlyList<string> roles, string database, string? schema = null) =>
        Holds(roles, grant => grant.Database == database && (schema is null || grant.Schema is null || grant.Schema == schema));

    private bool Holds(IReadOnlyList<string> roles, Predicate<Grant> right)
    {
        lock (_lock)
        {
            return roles.Any(role => role == AccountAdmin || (_roles.TryGetValue(role, out var grants) && grants.Exists(right)));
        }
    }

    /// <returns>False when there is such a role already.</returns>
    public bool AddRole(string role)
    {
        lock (_lock)
        {
            return _roles.TryAdd(role, []);
        }
    }

    public bool RemoveRole(string role)
    {
        lock (_lock)
        {
            return _roles.Remove(role);
        }
    }

    public void AddGrant(string role, Grant grant)
    {
        lock (_lock)
        {
            _roles[role].Add(grant);
        }
    }

    /// <returns>Null when there is no such role.</returns>
    public IReadOnlyList<Grant>? GrantsOf(string role)
    {
        lock (_lock)
        {
            return _roles.TryGetValue(role, out var grants) ? [.. grants] : null;
        }
    }

    public void SetPublicKey(string userName, string publicKey)
    {
        lock (_lock)
        {
            _users[userName] = _users[userName] with { PublicKey = publicKey };
        }
    }

    public void GrantRole(string role, string userName)
    {
        lock (_lock)
        {
            var user = _users[userName];
            _users[userName] = user with { Roles = [.. user.Roles.Append(role).Distinct()] };
        }
    }

    public void SetSecondaryRoles(string userName, bool all)
    {
        lock (_lock)
        {
            _users[userName] = _users[userName] with { AllSecondaryRoles = all };
        }
    }

    public void SetDefaultRole(string userName, string role)
    {
        lock (_lock)
        {
            _users[userName] = _users[userName] with { DefaultRole = role };
        }
    }
}
