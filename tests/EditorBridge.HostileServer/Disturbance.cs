using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace EditorBridge.HostileServer;

/// <summary>What a server does beside answering: noise, a line without an end, staying when it is asked to go.</summary>
internal static class Disturbance
{
    private const int Announcements = 3000;
    private const int BeyondAnyMessage = 17 * 1024 * 1024;

    /// <summary>Made before each answer: lines that belong to no request, and as many on stderr.</summary>
    public static void Make(string step, TextWriter output)
    {
        if (Answers.Secret.Length > 0) Console.Error.WriteLine($"started with {Answers.Secret}");
        if (step is not ("noise" or "flood")) return;
        if (step == "flood") output.Write(new string('x', BeyondAnyMessage));
        for (var i = 0; i < 500; i++)
        {
            Console.Error.WriteLine($"noise {i} \u001b[2J" + new string('e', 100));
            output.WriteLine(i % 2 == 0 ? "loading ..." : """{"jsonrpc":"2.0","id":4711,"result":{"content":[]}}""");
        }
    }

    /// <summary>Made during a call, by the answer that is asked for; null when there is nothing of the kind.</summary>
    public static string? During(string? which, TextWriter output)
    {
        switch (which)
        {
            case "questions":
                return Questions.Ask(output);
            case "confides":
                return Questions.Confide(output);
            case "insists":
                return Questions.Insist(output);
            case "storm":
                for (var i = 0; i < Announcements; i++) output.WriteLine("""{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}""");
                return "announced";
            case "process":
                return Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
            case "listed":
                return Tools.Listed.ToString(CultureInfo.InvariantCulture);
            default:
                return null;
        }
    }

    /// <summary>
    /// The id of a program of its own, which does not go when it is asked to and outlives whoever started it: in the step 'forks' a child, in 'detaches' one with another parent
    /// and in another session. Null in the others.
    /// </summary>
    public static int? Child(string step)
    {
        if (step is not ("forks" or "detaches")) return null;
        var child = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(child.FileName) == "dotnet") child.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "EditorBridge.HostileServer.dll"));
        child.ArgumentList.Add("stays");
        if (step == "forks") return Process.Start(child)!.Id;
        var shell = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true };
        foreach (var argument in (string[])["-c", "setsid \"$@\" </dev/null >/dev/null 2>&1 & echo $!", "sh", child.FileName, .. child.ArgumentList]) shell.ArgumentList.Add(argument);
        using var parent = Process.Start(shell)!;
        var said = parent.StandardOutput.ReadLine();
        parent.WaitForExit();
        return int.Parse(said!, CultureInfo.InvariantCulture);
    }

    /// <summary>Null for a server that goes when it is asked to.</summary>
    public static IDisposable? Deafness(string step) =>
        step == "stays" ? PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => signal.Cancel = true) : null;
}
