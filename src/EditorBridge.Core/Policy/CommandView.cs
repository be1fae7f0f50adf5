using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>A program with its arguments, read the way most programs read them: options first or in between, then operands.</summary>
internal sealed class CommandView
{
    public CommandView(ShellInvocation invocation, ActionFacts facts, bool isFunction)
    {
        Invocation = invocation;
        Facts = facts;
        IsFunction = isFunction;
        Arguments = [.. invocation.Arguments.Select(word => word.Value)];
        Operands = [.. invocation.Arguments.Where(word => !word.Value.StartsWith('-') || word.Value == "-")];
    }

    public ShellInvocation Invocation { get; }
    public ActionFacts Facts { get; }
    public bool IsFunction { get; }
    public string Name => Invocation.Name ?? "";
    public string[] Arguments { get; }
    public ShellWord[] Operands { get; }
    public string Operand(int index) => index < Operands.Length ? Operands[index].Value : "";

    public bool Has(params ReadOnlySpan<string> options)
    {
        foreach (var argument in Arguments)
            foreach (var option in options)
                if (argument == option || (option.StartsWith("--", StringComparison.Ordinal) && argument.StartsWith(option + "=", StringComparison.Ordinal))) return true;
        return false;
    }

    /// <summary>A one-letter option, alone or among others: <c>-rf</c> has <c>r</c> and <c>f</c>.</summary>
    public bool HasLetter(char letter) => Arguments.Any(argument => argument.Length > 1 && argument[0] == '-' && argument[1] != '-' && argument.Contains(letter));

    /// <summary>The argument after one of the options.</summary>
    public string? ValueOf(params ReadOnlySpan<string> options)
    {
        for (var at = 0; at + 1 < Arguments.Length; at++)
            if (options.Contains(Arguments[at])) return Arguments[at + 1];
        return null;
    }

    public bool IsDynamic => Invocation.MoreArguments || Invocation.Arguments.Any(word => word.Dynamic);
    public bool ReadsPipe => Invocation.Command.InputPiped || Invocation.Command.Redirections.Any(redirection => redirection.Operator is "<" or "<<" or "<<<" && redirection.Descriptor is null or 0);
}
