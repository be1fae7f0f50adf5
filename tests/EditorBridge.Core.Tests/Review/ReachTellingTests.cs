using System.Collections.Immutable;
using EditorBridge.Review;

namespace EditorBridge.Tests.Review;

public sealed class ReachTellingTests
{
    [Theory]
    [InlineData(BlastQuestion.Rows, "COUNT(*)", "12345", "12,345 rows of DB.S.T match.")]
    [InlineData(BlastQuestion.Exists, "name|rows|bytes|owner|retention_time", "T|1500|2097152|SYSADMIN|7", "DB.S.T exists, 1,500 rows, 2 MB, owner SYSADMIN, time travel of 7 days.")]
    [InlineData(BlastQuestion.Exists, "name|rows|retention_time", "T|0|0", "DB.S.T exists, 0 rows, no time travel.")]
    [InlineData(BlastQuestion.Exists, "name|state|size", "t|STARTED|X-Small", "DB.S.T exists, size X-Small, started.")]
    [InlineData(BlastQuestion.Plan, "operation|objects|partitionsTotal|partitionsAssigned|bytesAssigned", "TableScan|DB.S.T|40|4|3221225472", "Scans 4 of 40 partitions, 3 GB.")]
    [InlineData(BlastQuestion.Grants, "privilege|granted_to|grantee_name", "SELECT|ROLE|ANALYST", "1 grant.")]
    [InlineData(BlastQuestion.Dependants, "referencing_object_domain", "VIEW", "1 object depends on it.")]
    public void Answer_is_one_sentence(BlastQuestion kind, string columns, string row, string expected) =>
        Assert.Equal(expected, Tell(kind, columns, 1, row).Answer);

    [Fact]
    public void Neighbour_that_LIKE_found_too_is_not_the_object() =>
        Assert.Equal(ReachOutcome.NotFound, Tell(BlastQuestion.Exists, "name|rows", 1, "TX|5").Outcome);

    [Fact]
    public void Long_lists_end_with_how_many_more_there_are()
    {
        var answer = Tell(BlastQuestion.Grants, "privilege|granted_to|grantee_name", 300, [.. Enumerable.Range(0, 200).Select(n => $"SELECT|ROLE|R{n}")]);

        Assert.Equal("300 grants.", answer.Answer);
        Assert.Equal(ReachTelling.MostLines, answer.Lines.Length);
        Assert.Equal("and 289 more", answer.Lines[^1]);
    }

    [Fact]
    public void Column_that_an_account_does_not_send_is_left_out() =>
        Assert.Equal("DB.S.T exists.", Tell(BlastQuestion.Exists, "name", 1, "T").Answer);

    private static ReachAnswer Tell(BlastQuestion kind, string columns, long total, params string[] rows) => ReachTelling.Tell(
        new BlastQuery(kind, "?", "SELECT 1", "DB.S.T"), [.. columns.Split('|')], [.. rows.Select(row => row.Split('|').Select(cell => (string?)cell).ToImmutableArray())], total);
}
