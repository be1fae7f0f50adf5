using System.ComponentModel;
using System.Diagnostics;

namespace EditorBridge.Cli;

/// <summary>An address a person is to open: printed, and opened in their browser where there is one.</summary>
internal static class BrowserAddress
{
    public static void Show(Uri address, bool onlyPrint)
    {
        Console.WriteLine(onlyPrint ? "Open this address to sign in:" : $"Your browser opens {address.Host} to sign in. If it does not, open this address:");
        Console.WriteLine(address.AbsoluteUri);
        if (onlyPrint) return;
        try
        {
            using var _ = Process.Start(Opening(address.AbsoluteUri));
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            Console.WriteLine($"(No browser could be opened: {e.Message})");
        }
    }

    // On Linux the opener and what it starts write to the terminal, where a person reads the address; the shell gets that as an argument and does not read it.
    // Elsewhere UseShellExecute asks the platform for the default browser, without a shell.
    private static ProcessStartInfo Opening(string address) => OperatingSystem.IsLinux()
        ? new("/bin/sh", ["-c", "exec xdg-open \"$0\" > /dev/null 2>&1", address])
        : new(address) { UseShellExecute = true };
}
