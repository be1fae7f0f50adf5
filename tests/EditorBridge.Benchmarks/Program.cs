using EditorBridge.Benchmarks;

return args switch
{
    ["sql-diff"] => SqlDiffBenchmark.Run(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("No benchmark was named. There is: sql-diff");
    return 2;
}
