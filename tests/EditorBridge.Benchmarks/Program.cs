using EditorBridge.Benchmarks;

return args switch
{
    ["sql"] => SqlBenchmark.Run(),
    ["sql-diff"] => SqlDiffBenchmark.Run(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("No benchmark was named. There are: sql, sql-diff");
    return 2;
}
