using System.CommandLine;
using EditorBridge.Setup;

namespace EditorBridge.Cli;

/// <summary>What every <c>editorbridge setup</c> command can do beside installing.</summary>
internal sealed class SetupActions(string printed)
{
    public Option<bool> Check { get; } = new("--check") { Description = "Only compare what is installed with what should be; exit code 1 when it differs." };

    public Option<bool> Remove { get; } = new("--remove") { Description = "Take out what EditorBridge wrote; what somebody else has changed since stays as it is." };

    public Option<bool> Print { get; } = new("--print") { Description = printed };

    public void AddTo(Command command)
    {
        command.Add(Check);
        command.Add(Remove);
        command.Add(Print);
    }

    /// <summary>Does to members of other programs' files what was asked for, a line each. Exit code 1 when a check finds a difference.</summary>
    public int Act(ParseResult parsed, IEnumerable<ForeignMember> members)
    {
        var code = 0;
        foreach (var member in members)
        {
            var place = $"{member.Program}: {member.Name} in {member.File}";
            if (parsed.GetValue(Print)) Console.WriteLine($"{place}:\n{member.Value.ToJsonString(new() { WriteIndented = true })}");
            else if (parsed.GetValue(Check)) code |= Checked(member.State(), place);
            else if (parsed.GetValue(Remove)) Console.WriteLine(member.Remove() ? $"{place} is taken out." : $"{place} was not there.");
            else Console.WriteLine(member.Install() ? $"{place} is written." : $"{place} is already as it should be.");
        }

        return code;
    }

    public static int Checked(MemberState state, string place)
    {
        Console.WriteLine(state switch
        {
            MemberState.Ours => $"{place} is as it should be.",
            MemberState.Missing => $"{place} is missing.",
            _ => $"{place} differs.",
        });
        return state == MemberState.Ours ? 0 : 1;
    }
}
