using System.Text;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary>A secret from the person at the terminal, or from standard input. Never from an argument: command lines are visible to others.</summary>
internal static class SecretInput
{
    /// <exception cref="SignInException">Nothing was given.</exception>
    public static async Task<string> ReadAsync(string question, CancellationToken cancellationToken)
    {
        var secret = Console.IsInputRedirected ? await Console.In.ReadLineAsync(cancellationToken) : Typed(question);
        return string.IsNullOrWhiteSpace(secret) ? throw new SignInException("No secret was given. Nothing was changed.") : secret.Trim();
    }

    private static string Typed(string question)
    {
        Console.Error.Write(question);
        var secret = new StringBuilder();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            if (key.Key == ConsoleKey.Backspace) secret.Length = Math.Max(0, secret.Length - 1);
            else if (!char.IsControl(key.KeyChar)) secret.Append(key.KeyChar);
        }

        Console.Error.WriteLine();
        return secret.ToString();
    }
}
