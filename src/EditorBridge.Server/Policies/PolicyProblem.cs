namespace EditorBridge.Policies;

/// <summary>Something wrong, or odd, in a policy file.</summary>
/// <param name="Line">From 1; 0 when the file as a whole is meant.</param>
/// <param name="Column">From 1, in characters.</param>
/// <param name="Message">What is wrong and what to write instead.</param>
/// <param name="IsError">False for a warning: the rule is in force but likely does not do what was meant.</param>
internal sealed record PolicyProblem(string File, int Line, int Column, string Message, bool IsError = true)
{
    public override string ToString() => Line == 0 ? $"{File}: {Message}" : $"{File}:{Line}:{Column}: {Message}";
}
