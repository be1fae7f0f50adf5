using System.Diagnostics;
using EditorBridge.Ledger;

namespace EditorBridge.Server.Tests.Ledger;

/// <summary>What we write, a second implementation in another language verifies: tests/vectors/audit/check.mjs.</summary>
public class CrossImplementationTests
{
    [Fact]
    public async Task Node_agrees_with_the_vectors() => Assert.Equal((0, "", ""), await RunAsync());

    [Fact]
    public async Task Node_verifies_an_exported_chain_and_finds_a_changed_one()
    {
        await using var ledger = new TemporaryLedger();
        await LedgerDamageTests.FillAsync(ledger);
        string chain = Path.Combine(ledger.Options.Folder, "chain.jsonl");
        using (LedgerReader reader = LedgerReader.Open(ledger.Options.Folder))
        using (FileStream file = File.Create(chain))
        {
            await LedgerExport.ChainAsync(reader, file, 1, null, CancellationToken.None);
        }

        Assert.Equal((0, "122 entries\n", ""), await RunAsync(chain, ledger.Files.Checkpoints, ledger.Files.PublicKey));

        await File.WriteAllTextAsync(chain, (await File.ReadAllTextAsync(chain)).Replace("call-7\"", "call-8\"", StringComparison.Ordinal));
        (int code, _, string errors) = await RunAsync(chain, ledger.Files.Checkpoints, ledger.Files.PublicKey);
        Assert.Equal(1, code);
        Assert.Contains("does not follow the one before", errors, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using Process node = Process.Start(new ProcessStartInfo("node", [Path.Combine(SourceTree.Root, "tests/vectors/audit/check.mjs"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = node.StandardOutput.ReadToEndAsync();
        Task<string> errors = node.StandardError.ReadToEndAsync();
        await node.WaitForExitAsync();
        return (node.ExitCode, await output, await errors);
    }
}
