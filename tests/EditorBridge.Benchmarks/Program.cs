using EditorBridge.Benchmarks;

// Each benchmark is a command of its own: name it, and its options after it.
return args switch
{
    ["sql"] => SqlBenchmark.Run(),
    ["sql-diff"] => SqlDiffBenchmark.Run(),
    ["policy"] => PolicyBenchmark.Run(),
    ["count-tokens", .. var rest] => await CountTokensBenchmark.RunAsync(rest),
    ["ledger-append", .. var rest] => await LedgerBenchmarks.AppendAsync(rest),
    ["ledger-verify", .. var rest] => await LedgerBenchmarks.VerifyAsync(rest),
    ["ledger-query", .. var rest] => await LedgerBenchmarks.QueryAsync(rest),
    ["portal-memory", .. var rest] => await PortalMemoryBenchmark.RunAsync(rest),
    ["proxy", .. var rest] => await ProxyBenchmark.RunAsync(rest),
    ["proxy-memory", .. var rest] => await ProxyMemoryBenchmark.RunAsync(rest),
    ["doors", .. var rest] => await DoorsBenchmark.RunAsync(rest),
    ["proxy-upstream"] => await CheapUpstream.RunAsync(),
    ["proxy-forwarder", var upstream] => await ForwarderProgram.RunAsync(upstream),
    ["ledger-writer", var folder] => await LedgerWriterProgram.RunAsync(folder),
    ["gate-door", var folder, var scenario, var step] => await GateUnderKill.RunAsync(folder, scenario, step),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        Name a benchmark:
          sql                        the analyser over texts of statements
          sql-diff                   the comparison of a migration of 1,000 statements
          policy                     decisions on everyday commands
          count-tokens [ROUNDS]      answers of count_tokens, beside a request that does nothing
          ledger-append              durable appends: p50 and p99 for 1, 8 and 64 callers
          ledger-verify FOLDER       a whole verification
          ledger-query FOLDER        the portal's questions, best made with a million calls (npm run seed)
          portal-memory FOLDER [TABS] what an open tab of the portal holds, over that ledger (50 tabs; needs Chromium)
          proxy [ROUNDS]             what the proxy adds, beside a direct call and YARP's forwarder
          proxy-memory [N] [SECONDS] memory with N streams at once (200, 60 s); 1800 s is a soak
          doors [ROUNDS]             the hook's round trip and what the MCP gateway adds to a statement
          ledger-writer FOLDER       appends until it is killed and prints what was acknowledged (for the kill tests)
          gate-door FOLDER SCENARIO STEP
                                     one action through the gate, killed at a step of it (for the kill tests)
        """);
    return 2;
}
