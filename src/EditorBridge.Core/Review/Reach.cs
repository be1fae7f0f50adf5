using System.Collections.Immutable;

namespace EditorBridge.Review;

/// <summary>What came of one question about a statement's reach.</summary>
public enum ReachOutcome
{
    Answered,
    /// <summary>The object is not there, or the role does not see it.</summary>
    NotFound,
    /// <summary>The account gave an error.</summary>
    Failed,
    /// <summary>The question was not put to the account; the answer says why.</summary>
    NotAsked,
}

/// <summary>One question about a statement's reach and what the account said.</summary>
/// <param name="Answer">One sentence for the reviewer, or why there is none.</param>
/// <param name="Lines">The first of what was found, one each; never more than <see cref="ReachTelling.MostLines"/>.</param>
/// <param name="Sql">The query, so that a reviewer can run it.</param>
public sealed record ReachAnswer(string Question, string Target, string Sql, ReachOutcome Outcome, string Answer, ImmutableArray<string> Lines, bool MayBeOld);

/// <summary>How far one statement reaches in the account, and how it is taken back.</summary>
/// <param name="Unknown">What cannot be found out, in sentences.</param>
public sealed record StatementReach(string Title, ImmutableArray<ReachAnswer> Answers, ImmutableArray<string> Unknown, UndoPlan Undo);

/// <summary>What was read from the account about an action that waits for a person.</summary>
/// <param name="Account">The account that was asked; a command that connects elsewhere may reach other objects.</param>
/// <param name="Role">The one role it was read with.</param>
/// <param name="Problem">Why nothing, or not everything, could be read; null when every question was put.</param>
public sealed record Reach(DateTimeOffset ReadAt, string? Account, string? Role, ImmutableArray<StatementReach> Statements, string? Problem);
