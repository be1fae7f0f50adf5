using System.Diagnostics;
using System.Globalization;
using EditorBridge.Portal;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Benchmarks;

/// <summary>
/// What an open tab of the portal holds in the portal's process: real pages in a real browser (tests/e2e/portal/tabs.mjs), and what is alive after a collection
/// with and without them. The portal runs in this process, because only from inside can a full collection be asked for.
/// </summary>
internal static class PortalMemoryBenchmark
{
    private const double MostMegabytes = 3;

    public static async Task<int> RunAsync(string[] options)
    {
        if (options is not [var ledger, ..])
        {
            Console.Error.WriteLine("Name the ledger folder. A million calls: npm run seed -- --calls 1000000 --ledger FOLDER");
            return 2;
        }
        var tabs = options.Length > 1 ? int.Parse(options[1], CultureInfo.InvariantCulture) : 50;
        var folder = Directory.CreateTempSubdirectory("editorbridge-tabs-");
        Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "ledger"), Path.GetFullPath(ledger));
        var state = PortalState.Open(folder.FullName);
        try
        {
            await using var portal = PortalApplication.Build(new PortalOptions { State = state.Folder, Port = 0 }, state);
            await portal.StartAsync();
            using var browser = Browser.Start(portal);
            // Every page once, in tabs that stay: code, caches and the browser's own connection are not a tab's.
            await browser.OpenAsync(Browser.Pages);
            var before = Live();
            await browser.OpenAsync(tabs);
            var after = Live();
            await browser.EndAsync();
            await portal.StopAsync();
            var each = (after.Heap - before.Heap) / tabs;
            Line($"{tabs} tabs over {Browser.Pages} pages: {each:0.00} MB alive per tab ({before.Heap:0.0} MB before, {after.Heap:0.0} MB after a collection); the process grew by {(after.Process - before.Process) / tabs:0.00} MB per tab, from {before.Process:0} to {after.Process:0} MB");
            return each < MostMegabytes ? 0 : 1;
        }
        finally
        {
            // The link alone goes: what it leads to is the reader's.
            File.Delete(state.LedgerFolder);
            folder.Delete(recursive: true);
        }
    }

    private static (double Heap, double Process) Live()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        var heap = GC.GetTotalMemory(forceFullCollection: true);
        using var process = Process.GetCurrentProcess();
        return (heap / 1048576.0, process.WorkingSet64 / 1048576.0);
    }

    private static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>The browser's side, a process of its own: opens as many tabs as a line asks for and answers when all of them show their page.</summary>
    private sealed class Browser : IDisposable
    {
        /// <summary>As many pages as the script goes through in turn.</summary>
        public const int Pages = 10;

        private readonly Process _process;

        private Browser(Process process) => _process = process;

        public static Browser Start(WebApplication portal)
        {
            var url = PortalApplication.Url(portal);
            var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true };
            start.ArgumentList.Add(Path.Combine(Root(), "tests", "e2e", "portal", "tabs.mjs"));
            start.ArgumentList.Add(PortalApplication.Link(url, portal.Services.GetRequiredService<SignInLinks>().Mint("benchmark", RoleNames.Owner)));
            return new Browser(Process.Start(start) ?? throw new InvalidOperationException("node did not start."));
        }

        public async Task OpenAsync(int tabs)
        {
            await _process.StandardInput.WriteLineAsync(tabs.ToString(CultureInfo.InvariantCulture));
            await _process.StandardInput.FlushAsync();
            if (await _process.StandardOutput.ReadLineAsync() is not "open") throw new InvalidOperationException("The tabs could not be opened; the reason stands above.");
        }

        public async Task EndAsync()
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync();
        }

        public void Dispose()
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
            _process.Dispose();
        }

        private static string Root()
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "EditorBridge.sln"))) folder = folder.Parent ?? throw new InvalidOperationException("Run it from the repository.");
            return folder.FullName;
        }
    }
}
