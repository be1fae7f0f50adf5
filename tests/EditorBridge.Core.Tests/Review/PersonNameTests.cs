namespace EditorBridge.Review;

public sealed class PersonNameTests
{
    [Theory]
    [InlineData("maria", "maria", true)]
    [InlineData("maria", "Maria@example.com", true)]
    [InlineData(@"CORP\maria", "maria@example.com", true)]
    [InlineData("maria@example.com", "maria@example.org", true)]
    [InlineData("maria", "mario", false)]
    [InlineData("maria", "maria2@example.com", false)]
    [InlineData("@example.com", "maria@example.com", false)]
    [InlineData("", "maria", false)]
    [InlineData(null, null, false)]
    public void Two_names_of_one_account_are_one_person(string? one, string? other, bool same)
    {
        Assert.Equal(same, PersonName.MayBeSame(one, other));
        Assert.Equal(same, PersonName.MayBeSame(other, one));
    }
}
