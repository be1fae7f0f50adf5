using Parquet;
using Parquet.Schema;

namespace EditorBridge.Ledger;

/// <summary>Calls as Apache Parquet: the columns of <see cref="CallColumn"/> with their types, times as UTC timestamps in microseconds, Zstandard inside.</summary>
internal sealed class ParquetCalls : IAsyncDisposable
{
    private static readonly DataField[] Fields = [.. CallColumn.All.Select(static c => c.Kind switch
    {
        ColumnKind.Number => new DataField<long?>(c.Name),
        ColumnKind.Flag => new DataField<bool>(c.Name),
        ColumnKind.Time => new DateTimeDataField(c.Name, DateTimeFormat.Timestamp, isAdjustedToUTC: true, DateTimeTimeUnit.Micros, isNullable: false),
        _ => (DataField)new DataField<string>(c.Name),
    })];

    private readonly ParquetWriter _writer;

    private ParquetCalls(ParquetWriter writer) => _writer = writer;

    /// <param name="output">Only written forwards, so a network stream will do.</param>
    public static async Task<ParquetCalls> CreateAsync(Stream output, CancellationToken cancellationToken) => new(await ParquetWriter.CreateAsync(
        new ParquetSchema(Fields), output, new ParquetOptions { CompressionMethod = CompressionMethod.Zstd }, append: false, cancellationToken));

    /// <summary>Writes one group of rows; it is held in memory whole.</summary>
    public async Task WriteAsync(IReadOnlyList<AuditCall> calls, CancellationToken cancellationToken)
    {
        if (calls.Count == 0)
        {
            return;
        }
        using ParquetRowGroupWriter group = _writer.CreateRowGroup();
        for (int i = 0; i < Fields.Length; i++)
        {
            CallColumn column = CallColumn.All[i];
            await (column.Kind switch
            {
                ColumnKind.Number => group.WriteAsync<long>(Fields[i], Values(calls, column, static v => (long?)Convert.ToInt64(v)), cancellationToken: cancellationToken),
                ColumnKind.Flag => group.WriteAsync<bool>(Fields[i], Values(calls, column, static v => v is true), cancellationToken: cancellationToken),
                ColumnKind.Time => group.WriteAsync<DateTime>(Fields[i], Values(calls, column, static v => ((DateTimeOffset)v).UtcDateTime), cancellationToken: cancellationToken),
                _ => group.WriteAsync(Fields[i], Values(calls, column, static v => (string?)v)!),
            });
        }
    }

    public ValueTask DisposeAsync() => _writer.DisposeAsync();

    private static T?[] Values<T>(IReadOnlyList<AuditCall> calls, CallColumn column, Func<object, T?> convert) =>
        [.. calls.Select(call => column.Value(call) is { } value ? convert(value) : default)];
}
