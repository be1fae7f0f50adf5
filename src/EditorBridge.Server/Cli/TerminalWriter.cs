using System.Text;

namespace EditorBridge.Cli;

/// <summary>
/// What every command prints goes through here when a person's terminal shows it: titles, file names and texts an agent wrote cannot move the cursor, set the window's title or
/// hide in the line above. Output into a file or another program is left as it is.
/// </summary>
internal sealed class TerminalWriter(TextWriter terminal) : TextWriter
{
    public override Encoding Encoding => terminal.Encoding;

    /// <summary>Puts itself between the commands and the terminals they print to.</summary>
    public static void Install()
    {
        if (!Console.IsOutputRedirected) Console.SetOut(new TerminalWriter(Console.Out));
        if (!Console.IsErrorRedirected) Console.SetError(new TerminalWriter(Console.Error));
    }

    /// <summary>Writes a line of progress over the one before it; an empty one takes it away. Does nothing where no terminal shows it.</summary>
    public static void Progress(string text)
    {
        if (Console.IsErrorRedirected) return;
        using var terminal = new StreamWriter(Console.OpenStandardError(), Console.Error.Encoding, leaveOpen: true);
        terminal.Write($"\r{TerminalText.Line(text)}\u001b[K");
    }

    public override void Write(char value) => Write(value.ToString());

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void Write(ReadOnlySpan<char> buffer) => Write(new string(buffer));

    public override void Write(string? value) => terminal.Write(value is null ? null : TerminalText.Visible(value));

    public override void WriteLine() => terminal.WriteLine();

    public override void WriteLine(string? value)
    {
        Write(value);
        terminal.WriteLine();
    }

    public override void Flush() => terminal.Flush();
}
