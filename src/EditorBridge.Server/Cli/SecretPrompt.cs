using System.Text;
using EditorBridge.Setup;

namespace EditorBridge.Cli;

/// <summary>Asks a person for what must not stand on a command line, where other users and the shell's history would see it.</summary>
internal static class SecretPrompt
{
    /// <summary>A secret, typed without being shown, or one line of a redirected stdin.</summary>
    /// <exception cref="SetupException">Nothing was given.</exception>
    public static string Ask(string what)
    {
        var secret = Console.IsInputRedirected ? Console.ReadLine() : Typed(what);
        return secret?.Trim() is { Length: > 0 } given ? given : throw new SetupException($"No value was given for {what}. Nothing was changed. It is typed at the terminal, or is a line of stdin.");
    }

    /// <summary>Yes or no; without a terminal nobody can be asked.</summary>
    /// <exception cref="SetupException">There is no terminal.</exception>
    public static bool Confirm(string question)
    {
        if (Console.IsInputRedirected) throw new SetupException("Nobody can be asked here, for there is no terminal. Nothing was changed. Look at what would be done, and confirm it with --yes.");
        Console.Write(question + " [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes" or "Yes";
    }

    private static string Typed(string what)
    {
        Console.Write($"{what}: ");
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter)
        {
            if (key.Key == ConsoleKey.Backspace && typed.Length > 0) typed.Length--;
            else if (!char.IsControl(key.KeyChar)) typed.Append(key.KeyChar);
        }

        Console.WriteLine();
        return typed.ToString();
    }
}
