using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;

namespace EditorBridge.Snowflake;

/// <summary>
/// The second way statements reach the account: an ADO.NET provider, in practice Snowflake's own driver. Everything here is the provider's common ground, so it is
/// the same with any of them. Each statement has a connection of its own, as each call of the SQL API is a session of its own.
/// </summary>
/// <param name="connectionString">What a statement's connection is opened with: made anew each time, because it holds a token.</param>
/// <param name="before">Statements that set the session up, in order.</param>
public sealed class DriverStatements(DbProviderFactory provider, Func<SqlStatement, CancellationToken, ValueTask<string>> connectionString, Func<SqlStatement, IEnumerable<string>> before)
{
    /// <summary>Outcomes that are kept for whoever asks later; the oldest go first.</summary>
    private const int Kept = 20;

    /// <summary>What a result may hold in all, in UTF-16 units: the driver has no parts to fetch later, so it is read whole.</summary>
    private const long LargestResult = 64 * 1024 * 1024;

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Running> _statements = new(StringComparer.Ordinal);
    private readonly Lock _ending = new();
    private long _ended;

    /// <summary>What all kept results may hold together, in UTF-16 units. The one that came last stays, whatever its size.</summary>
    internal long MostHeld { get; init; } = LargestResult;

    /// <summary>Begins a statement. The same request id begins nothing a second time.</summary>
    public SqlRunning Start(SqlStatement statement)
    {
        var handle = $"driver-{statement.RequestId:N}";
        var begun = new Running();
        if (_statements.TryAdd(handle, begun))
        {
            // What ends waits for this lock, so it never ends before it is there.
            lock (_ending)
            {
                begun.End = Task.Run(async () =>
                {
                    var outcome = await RunAsync(handle, statement, begun.Stop.Token);
                    Ended(begun, outcome);
                    return outcome;
                });
            }
        }

        return new SqlRunning { Handle = handle };
    }

    /// <summary>Where a statement stands, with rows up to the limits of <paramref name="statement"/>.</summary>
    public async Task<SqlOutcome> StatusAsync(string handle, SqlStatement statement) => await WholeAsync(handle) switch
    {
        SqlRows rows => rows with { Rows = Cut(rows.Rows, statement) },
        var other => other,
    };

    /// <summary>Where a statement stands, with all its rows.</summary>
    public async Task<SqlOutcome> WholeAsync(string handle) =>
        !_statements.TryGetValue(handle, out var known) ? Unknown(handle) : known.End.IsCompleted ? await known.End : new SqlRunning { Handle = handle };

    /// <summary>Stops a statement; null when it was there to be stopped.</summary>
    public async Task<SqlFailure?> CancelAsync(string handle)
    {
        if (!_statements.TryGetValue(handle, out var known)) return Unknown(handle);
        await known.Stop.CancelAsync();
        return null;
    }

    // The results that ended first go first. One that goes by its size leaves its handle: the same request must not run again.
    private void Ended(Running running, SqlOutcome outcome)
    {
        lock (_ending)
        {
            running.Size = outcome is SqlRows rows ? rows.Rows.Sum(SizeOf) : 0;
            running.Order = ++_ended;
            var room = MostHeld;
            var kept = 0;
            foreach (var (handle, known) in _statements.Where(s => s.Value.Order > 0).OrderByDescending(s => s.Value.Order))
            {
                room -= known.Size;
                if (kept++ >= Kept) _statements.TryRemove(handle, out _);
                else if (room < 0 && known != running) known.End = Task.FromResult<SqlOutcome>(Unknown(handle));
            }
        }
    }

    private async Task<SqlOutcome> RunAsync(string handle, SqlStatement statement, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = provider.CreateConnection() ?? throw new InvalidOperationException("The provider gives no connections.");
            connection.ConnectionString = await connectionString(statement, cancellationToken);
            await connection.OpenAsync(cancellationToken);
            foreach (var text in before(statement)) await ExecuteAsync(connection, text, cancellationToken);
            await using var command = Command(connection, statement);
            // Providers differ in whether a token reaches a command that runs; Cancel does with all of them.
            await using var cancelled = cancellationToken.UnsafeRegister(static state => ((DbCommand)state!).Cancel(), command);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await ReadAsync(reader, cancellationToken) is { } rows
                ? rows with { Handle = handle }
                : new SqlFailure(SqlFailureKind.ResultTooLarge, $"The statement ran, but its result has more than {LargestResult >> 20} million characters, which the driver would have to hold at once. Ask for less.") { Handle = handle };
        }
        catch (Exception exception) when (cancellationToken.IsCancellationRequested && exception is (DbException or OperationCanceledException or InvalidOperationException or IOException))
        {
            return new SqlFailure(SqlFailureKind.Canceled, "The statement was cancelled.") { Handle = handle };
        }
        catch (SignInException exception)
        {
            return new SqlFailure(SqlFailureKind.SignIn, exception.Message) { Handle = handle };
        }
        catch (DbException exception)
        {
            // Session and statement are the driver's own here, whatever the SQL API would have needed for one role.
            var asked = statement with { OneRole = false };
            return (SnowflakeDriver.Words(exception) is var (own, code, state, query)
                ? SqlWire.Failure(code, query is null ? own : $"{own.TrimEnd('.')} (query {query}).", state, asked)
                : SqlWire.Failure(code: null, exception.Message, exception.SqlState, asked)) with { Handle = handle };
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or InvalidOperationException or ArgumentException or TimeoutException)
        {
            return new SqlFailure(SqlFailureKind.Unreachable, $"The driver could not run the statement: {exception.Message} Whether it ran is unknown.") { Handle = handle };
        }
    }

    private static async Task<SqlRows?> ReadAsync(DbDataReader reader, CancellationToken cancellationToken)
    {
        var columns = Enumerable.Range(0, reader.FieldCount).Select(i => new SqlColumn(reader.GetName(i), reader.GetDataTypeName(i).ToLowerInvariant(), Nullable: true, Precision: null, Scale: null)).ToImmutableArray();
        var rows = ImmutableArray.CreateBuilder<ImmutableArray<string?>>();
        var room = LargestResult;
        while (await reader.ReadAsync(cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var row = Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : Text(reader.GetValue(i), columns[i].Type)).ToImmutableArray();
            room -= SizeOf(row);
            if (room < 0) return null;
            rows.Add(row);
        }

        return new SqlRows { Columns = columns, Rows = rows.ToImmutable(), TotalRows = rows.Count, PartitionRows = [rows.Count] };
    }

    private static long SizeOf(ImmutableArray<string?> row) => row.Sum(cell => (long)(cell?.Length ?? 0)) + row.Length;

    private static ImmutableArray<ImmutableArray<string?>> Cut(ImmutableArray<ImmutableArray<string?>> rows, SqlStatement limits)
    {
        var room = (long)limits.MaxBytes;
        return [.. rows.Take(limits.MaxRows).TakeWhile((row, i) => (room -= row.Sum(cell => cell?.Length ?? 0)) >= 0 || i == 0)];
    }

    private static DbCommand Command(DbConnection connection, SqlStatement statement)
    {
        var command = connection.CreateCommand();
        command.CommandText = statement.Text;
        // The account stops it first, and says why; the provider's own limit is for an account that does not answer.
        if (statement.Timeout is { } timeout) command.CommandTimeout = (int)Math.Ceiling((timeout + Grace).TotalSeconds);
        for (var i = 0; i < statement.Bindings.Length; i++)
        {
            var parameter = command.CreateParameter();
            // Providers count from 1, in the order of the question marks.
            parameter.ParameterName = (i + 1).ToString(CultureInfo.InvariantCulture);
            parameter.Value = (object?)statement.Bindings[i].Value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private static async Task ExecuteAsync(DbConnection connection, string text, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = text;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // A driver has one type for dates, times and moments; the column says which it is.
    private static string? Text(object value, string type) => SqlValue.Text(
        value switch
        {
            DateTime moment when type == "date" => DateOnly.FromDateTime(moment),
            DateTime moment when type == "time" => TimeOnly.FromDateTime(moment),
            TimeSpan time when type == "time" && time >= TimeSpan.Zero && time < TimeSpan.FromDays(1) => TimeOnly.FromTimeSpan(time),
            _ => value,
        },
        (value as IFormattable)?.ToString(null, CultureInfo.InvariantCulture) ?? value.ToString());

    private static SqlFailure Unknown(string handle) => new(SqlFailureKind.UnknownStatement, $"No statement {handle} is known. The driver's results are kept while the host runs, the last {Kept} of them and {LargestResult >> 20} million characters in all. Run the statement again.") { Handle = handle };

    private sealed class Running
    {
        /// <summary>Which one it was to end; 0 while it runs.</summary>
        public long Order { get; set; }

        public long Size { get; set; }

        public CancellationTokenSource Stop { get; } = new();

        public Task<SqlOutcome> End { get; set; } = new TaskCompletionSource<SqlOutcome>().Task;
    }
}
