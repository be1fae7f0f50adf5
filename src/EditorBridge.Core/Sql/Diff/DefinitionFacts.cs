using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>Facts 2 to 4 and 6 for definitions: columns, privileges, policies, destinations, credentials and properties.</summary>
internal static class DefinitionFacts
{
    private static readonly HashSet<string> Secrets = Set(
        "PASSWORD CREDENTIALS AWS_KEY_ID AWS_SECRET_KEY AWS_TOKEN AZURE_SAS_TOKEN SECRET_STRING RSA_PUBLIC_KEY RSA_PUBLIC_KEY_2 OAUTH_CLIENT_SECRET OAUTH_REFRESH_TOKEN BEARER_TOKEN API_KEY PRIVATE_KEY ADMIN_PASSWORD MASTER_KEY");

    private static readonly HashSet<string> Destinations = Set(
        "URL STORAGE_ALLOWED_LOCATIONS STORAGE_BLOCKED_LOCATIONS VALUE_LIST ALLOWED_IP_LIST BLOCKED_IP_LIST ALLOWED_NETWORK_RULE_LIST ALLOWED_NETWORK_RULES ACCOUNTS ALLOWED_ACCOUNTS ALLOWED_RECIPIENTS API_ALLOWED_PREFIXES NOTIFY_USERS STORAGE_INTEGRATION EXTERNAL_ACCESS_INTEGRATIONS API_INTEGRATION EXTERNAL_VOLUME ERROR_INTEGRATION STORAGE_BASE_URL");

    private static readonly HashSet<string> Protections = Set("DATA_RETENTION_TIME_IN_DAYS MAX_DATA_EXTENSION_TIME_IN_DAYS SECURE_OBJECTS_ONLY REQUIRE_STORAGE_INTEGRATION_FOR_STAGE_CREATION NETWORK_POLICY MFA_ENROLLMENT CHANGE_TRACKING");

    public static void Add(ImmutableArray<DiffFact>.Builder facts, TokenStatement before, TokenStatement after)
    {
        AddColumns(facts, before, after);
        if (after.Verb is Kw.GRANT or Kw.REVOKE) AddGrant(facts, before, after);
        AddPolicies(facts, before, after);
        AddDestinations(facts, before, after);
        AddProperties(facts, before, after);
        if (after.Verb is Kw.USE or Kw.SET) facts.Add(new DiffFact(DiffFactKind.Context, Severity.Medium, $"{before.Show(0, before.Length)} → {after.Show(0, after.Length)}: what follows runs in another context."));
    }

    private static void AddColumns(ImmutableArray<DiffFact>.Builder facts, TokenStatement before, TokenStatement after)
    {
        if (after.Verb != Kw.CREATE || after.Find("TABLE") is < 0 or > 6) return;
        var old = Columns(before);
        var current = Columns(after);
        if (old.Count == 0 && current.Count == 0) return;
        // CREATE OR ALTER and CREATE OR REPLACE take away what the new text does not name.
        var drops = after.Is(1, "OR");
        foreach (var (name, definition) in current)
        {
            if (!old.TryGetValue(name, out var was)) facts.Add(Shape(Severity.Low, $"Column added: {name} {definition}"));
            else if (!string.Equals(was, definition, StringComparison.OrdinalIgnoreCase)) facts.Add(Shape(Severity.Medium, $"Column {name}: {was} → {definition}"));
        }
        foreach (var (name, definition) in old.Where(column => !current.ContainsKey(column.Key)))
            facts.Add(Shape(drops ? Severity.High : Severity.Medium, $"Column removed: {name} {definition}{(drops ? ", which drops it from the table" : "")}"));
    }

    private static Dictionary<string, string> Columns(TokenStatement statement)
    {
        var columns = new Dictionary<string, string>(StringComparer.Ordinal);
        var depth = 0;
        var start = -1;
        for (var offset = 1; offset < statement.Length; offset++)
        {
            var token = statement.TokenAt(offset);
            if (depth == 0 && token.Keyword is Kw.AS or Kw.SELECT or Kw.CLONE or Kw.LIKE) break;
            if (token.Kind == TokenKind.OpenParen && ++depth == 1) { start = offset + 1; continue; }
            if (depth == 1 && token.Kind is TokenKind.Comma or TokenKind.CloseParen)
            {
                if (offset > start && statement.TokenAt(start).Keyword is not (Kw.CONSTRAINT or Kw.PRIMARY or Kw.UNIQUE or Kw.FOREIGN or Kw.CHECK))
                    columns[statement.NameAt(start)] = statement.Show(start + 1, offset, 80);
                start = offset + 1;
            }
            if (token.Kind == TokenKind.CloseParen && --depth == 0) break;
        }
        return columns;
    }

    private static void AddGrant(ImmutableArray<DiffFact>.Builder facts, TokenStatement before, TokenStatement after)
    {
        var old = GrantParts(before);
        var current = GrantParts(after);
        foreach (var privilege in current.Privileges.Except(old.Privileges)) facts.Add(Rights(Severity.High, $"Privilege added: {privilege}"));
        foreach (var privilege in old.Privileges.Except(current.Privileges)) facts.Add(Rights(Severity.Low, $"Privilege removed: {privilege}"));
        if (old.Target != current.Target) facts.Add(Rights(Severity.High, $"On: {old.Target} → {current.Target}"));
        if (old.Grantee != current.Grantee) facts.Add(Rights(Severity.High, $"{(after.Verb == Kw.GRANT ? "To" : "From")}: {old.Grantee} → {current.Grantee}"));
        if (!before.Has("WITH", "GRANT", "OPTION") && after.Has("WITH", "GRANT", "OPTION")) facts.Add(Rights(Severity.High, "WITH GRANT OPTION added: the receiver may pass it on."));
    }

    private static (HashSet<string> Privileges, string Target, string Grantee) GrantParts(TokenStatement statement)
    {
        var on = statement.Find("ON");
        var to = statement.Find(statement.Verb == Kw.GRANT ? "TO" : "FROM", Math.Max(on, 1));
        if (to < 0) to = statement.Length;
        var end = statement.Find("WITH", to);
        if (end < 0) end = statement.Length;
        var privileges = statement.Show(1, on > 0 ? on : to, 200).ToUpperInvariant().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return ([.. privileges], on > 0 ? statement.Show(on + 1, to).ToUpperInvariant() : "", statement.Show(Math.Min(to + 1, end), end).ToUpperInvariant());
    }

    private static void AddPolicies(ImmutableArray<DiffFact>.Builder facts, TokenStatement before, TokenStatement after)
    {
        var old = Policies(before);
        var current = Policies(after);
        foreach (var policy in current.Except(old)) facts.Add(Rights(policy.StartsWith("UNSET", StringComparison.Ordinal) || policy.StartsWith("DROP", StringComparison.Ordinal) ? Severity.High : Severity.Low, $"Policy now: {policy}"));
        foreach (var policy in old.Except(current)) facts.Add(Rights(Severity.High, $"Policy no longer: {policy}"));
        if (after.Has("POLICY") && PolicyBody(before) is { Length: > 0 } was && PolicyBody(after) is { Length: > 0 } body && was != body)
            facts.Add(Rights(Severity.High, $"The policy says: {was} → {body}"));
    }

    private static HashSet<string> Policies(TokenStatement statement)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        for (var offset = 2; offset < statement.Length; offset++)
        {
            if (!statement.Is(offset, "POLICY") || statement.Verb == Kw.CREATE && offset < 5 && !statement.Has("TABLE") && !statement.Has("VIEW")) continue;
            var start = offset - 1;
            while (start > 0 && statement.TokenAt(start - 1).Keyword is Kw.ROW or Kw.UNSET or Kw.DROP or Kw.ALL or Kw.SET or Kw.ADD) start--;
            var end = offset + 1 < statement.Length && statement.TokenAt(offset + 1).Kind is TokenKind.Word or TokenKind.QuotedIdentifier ? offset + 2 : offset + 1;
            while (end + 1 < statement.Length && statement.TokenAt(end).Kind == TokenKind.Dot) end += 2;
            found.Add(statement.Show(start, Math.Min(end, statement.Length)).ToUpperInvariant());
        }
        return found;
    }

    private static string PolicyBody(TokenStatement statement)
    {
        for (var offset = 1; offset < statement.Length; offset++)
            if (statement.TokenAt(offset).Kind == TokenKind.Arrow) return statement.Show(offset + 1, statement.Length, 120);
        return "";
    }

    private static void AddDestinations(ImmutableArray<DiffFact>.Builder facts, TokenStatement before, TokenStatement after)
    {
        var old = Addresses(before);
        var current = Addresses(after);
        foreach (var address in current.Except(old)) facts.Add(new DiffFact(DiffFactKind.Destination, Severity.High, $"New address: {address}"));
        foreach (var address in old.Except(current)) facts.Add(new DiffFact(DiffFactKind.Destination, Severity.Low, $"No longer: {address}"));
    }

    private static HashSet<string> Addresses(TokenStatement statement)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        for (var offset = 1; offset < statement.Length; offset++)
        {
            var kind = statement.TokenAt(offset).Kind;
            if (kind is not (TokenKind.String or TokenKind.Uri or TokenKind.StagePath)) continue;
            var text = statement.TextAt(offset).Trim('\'').ToString();
            var isAddress = kind != TokenKind.String || text.Contains("://", StringComparison.Ordinal) || (text.IndexOf('@') > 0 && text.Length < 200 && !text.Contains(' '));
            if (isAddress) found.Add(WithoutSecrets(text));
        }
        return found;
    }

    private static void AddProperties(ImmutableArray<DiffFact>.Builder facts, TokenStatement before, TokenStatement after)
    {
        if (after.Verb is Kw.SELECT or Kw.WITH or Kw.INSERT or Kw.UPDATE or Kw.DELETE or Kw.MERGE) return;
        var old = Properties(before);
        var current = Properties(after);
        foreach (var name in old.Keys.Union(current.Keys))
        {
            var was = old.GetValueOrDefault(name);
            var now = current.GetValueOrDefault(name);
            if (was == now || name == "COMMENT") continue;
            if (Secrets.Contains(name)) facts.Add(new DiffFact(DiffFactKind.Destination, Severity.High, now is null ? $"A credential is gone: {name}" : was is null ? $"A credential stands in the text: {name} (not shown)" : $"The credential {name} changed (not shown)"));
            else facts.Add(new DiffFact(Destinations.Contains(name) ? DiffFactKind.Destination : Protections.Contains(name) ? DiffFactKind.Safeguard : DiffFactKind.Context,
                Destinations.Contains(name) || Protections.Contains(name) ? Severity.High : Severity.Low, $"{name}: {was ?? "not set"} → {now ?? "not set"}"));
        }
    }

    /// <summary><c>NAME = value</c> outside of parentheses, <c>EXECUTE AS x</c> and <c>COPY GRANTS</c>.</summary>
    private static Dictionary<string, string> Properties(TokenStatement statement)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        var depth = 0;
        for (var offset = 1; offset < statement.Length; offset++)
        {
            var token = statement.TokenAt(offset);
            if (token.Kind == TokenKind.OpenParen) depth++;
            if (token.Kind == TokenKind.CloseParen) depth--;
            if (token.Kind == TokenKind.DollarString || token.Keyword == Kw.SELECT) break;
            if (token.Keyword == Kw.EXECUTE && statement.Is(offset + 1, "AS") && offset + 2 < statement.Length) properties["EXECUTE AS"] = statement.NameAt(offset + 2);
            if (token.Keyword == Kw.COPY && statement.Is(offset + 1, "GRANTS")) properties["COPY GRANTS"] = "yes";
            if (depth > 1 || token.Kind != TokenKind.Word || offset + 2 >= statement.Length || !statement.TextAt(offset + 1).SequenceEqual("=")) continue;
            properties[statement.NameAt(offset)] = statement.Show(offset + 2, ValueEnd(statement, offset + 2), 120);
        }
        return properties;
    }

    private static int ValueEnd(TokenStatement statement, int start)
    {
        if (statement.TokenAt(start).Kind != TokenKind.OpenParen)
        {
            var end = start + 1;
            while (end + 1 < statement.Length && statement.TokenAt(end).Kind == TokenKind.Dot) end += 2;
            return end;
        }
        var depth = 0;
        for (var offset = start; offset < statement.Length; offset++)
        {
            if (statement.TokenAt(offset).Kind == TokenKind.OpenParen) depth++;
            if (statement.TokenAt(offset).Kind == TokenKind.CloseParen && --depth == 0) return offset + 1;
        }
        return statement.Length;
    }

    // An address may carry a signature or a password; what is shown is the place.
    private static string WithoutSecrets(string address)
    {
        var query = address.IndexOf('?');
        var shown = query >= 0 ? address[..query] + "?…" : address;
        var scheme = shown.IndexOf("://", StringComparison.Ordinal);
        var at = scheme < 0 ? -1 : shown.IndexOf('@', scheme);
        return at > 0 && shown.IndexOf('/', scheme + 3) is var slash && (slash < 0 || slash > at) ? string.Concat(shown.AsSpan(0, scheme + 3), "…", shown.AsSpan(at)) : shown;
    }

    private static DiffFact Shape(Severity severity, string message) => new(DiffFactKind.Shape, severity, message);

    private static DiffFact Rights(Severity severity, string message) => new(DiffFactKind.Rights, severity, message);

    private static HashSet<string> Set(string names) => new(names.Split(' '), StringComparer.Ordinal);
}
