using System.Globalization;

namespace EditorBridge.Hosting;

/// <summary>Finds out who listens on a port, so that "address in use" can name somebody.</summary>
internal static class PortOwner
{
    private const string Listening = "0A";

    /// <summary>For people: <c>process 4711 (node)</c>; null when it cannot be found out (another user's process, or not Linux).</summary>
    public static string? Find(int port)
    {
        if (!OperatingSystem.IsLinux()) return null;
        try
        {
            var sockets = Sockets("/proc/net/tcp", port).Concat(Sockets("/proc/net/tcp6", port)).Select(inode => $"socket:[{inode}]").ToHashSet(StringComparer.Ordinal);
            if (sockets.Count == 0) return null;
            foreach (var process in Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out _)))
                if (Holds(process, sockets))
                    return $"process {Path.GetFileName(process)} ({File.ReadAllText(Path.Combine(process, "comm")).Trim()})";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        return null;
    }

    // Columns: sl local_address rem_address st … inode; the port is hexadecimal after the colon.
    private static IEnumerable<string> Sockets(string table, int port) =>
        from line in File.Exists(table) ? File.ReadLines(table).Skip(1) : []
        let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        where fields.Length > 9 && fields[3] == Listening
            && int.Parse(fields[1].AsSpan(fields[1].IndexOf(':', StringComparison.Ordinal) + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture) == port
        select fields[9];

    private static bool Holds(string process, HashSet<string> sockets)
    {
        try
        {
            return Directory.EnumerateFiles(Path.Combine(process, "fd")).Any(fd => File.ResolveLinkTarget(fd, returnFinalTarget: false) is { } target && sockets.Contains(target.Name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
