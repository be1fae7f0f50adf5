namespace EditorBridge.Review;

/// <summary>
/// Whether two names may be one person's. The editor and the terminal know somebody by the system's user name, the portal by what an identity provider says:
/// <c>maria</c>, <c>CORP\Maria</c> and <c>maria@example.com</c> count as one, because a second approval must not be had by another spelling of the first.
/// Two people who share the part before the @ are therefore taken for one; a third has to approve.
/// </summary>
public static class PersonName
{
    public static bool MayBeSame(string? one, string? other) =>
        one is not null && other is not null && Account(one).Equals(Account(other), StringComparison.OrdinalIgnoreCase);

    private static ReadOnlySpan<char> Account(string name)
    {
        var account = name.AsSpan().Trim();
        account = account[(account.LastIndexOf('\\') + 1)..];
        // The whole name where nothing stands before the @.
        return account.IndexOf('@') is > 0 and var at ? account[..at] : account;
    }
}
