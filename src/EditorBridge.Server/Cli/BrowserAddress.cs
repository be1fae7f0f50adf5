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
            // UseShellExecute asks the platform for the default browser; no shell reads the address.
            using var _ = Process.Start(new ProcessStartInfo(address.AbsoluteUri) { UseShellExecute = true });
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            Console.WriteLine($"(No browser could be opened: {e.Message})");
        }
    }
}
