using System.Collections.Immutable;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace EditorBridge.Snowflake;

/// <summary>
/// Runs statements through the account's SQL API: submit, wait, page, cancel. Failures are values; the caller's cancellation cancels
/// the statement in the account as well.
/// </summary>
/// <remarks>
/// <code>
/// POST statements?async=true ──202, handle──▶ GET statements/{handle}, 0.05 … 5 s apart ──▶ 422, 408: failure
///                                                  │ 200
///                                                  └──▶ rows ──more partitions──▶ GET ?partition=n (gzip) ──▶ outcome
/// </code>
/// </remarks>
public sealed partial class SqlApiClient
{
    private const int MaxAnswerBytes = 64 * 1024 * 1024;
    private const int MaxSends = 4;
    private static readonly TimeSpan FirstPoll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SubmitDeadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan CancelDeadline = TimeSpan.FromSeconds(5);

    private readonly HttpMessageInvoker _http;
    private readonly Credential _credential;
    private readonly TimeProvider _time;
    private readonly ILogger<SqlApiClient> _logger;
    private readonly Uri _statements;
    private readonly DriverStatements? _driver;
    private readonly SecondaryRoles _secondary;

    /// <param name="account">Checked once more: no credential is attached for a host that is not Snowflake's or named in the configuration.</param>
    /// <param name="driver">Where statements go instead, when a person chose the driver.</param>
    /// <exception cref="ArgumentException">The account's host may not hold a credential.</exception>
    public SqlApiClient(SnowflakeAccount account, Credential credential, HttpMessageInvoker http, TimeProvider time, ILogger<SqlApiClient> logger, IReadOnlyCollection<string>? allowedHosts = null, DriverStatements? driver = null)
    {
        if (!SnowflakeHosts.MayHoldCredential(account.BaseAddress, account.IsSandbox, allowedHosts ?? []))
        {
            throw new ArgumentException($"{account.BaseAddress.Host} is no Snowflake host and is not named in account.allowedHosts: no credential will be sent there.", nameof(account));
        }
        _http = http;
        _credential = credential;
        _time = time;
        _logger = logger;
        _statements = new Uri(account.BaseAddress, "/api/v2/statements");
        _driver = driver;
        _secondary = new SecondaryRoles(ExecuteAsync, time);
    }

    /// <summary>Runs one statement and waits for it. A caller that goes away takes its statement with it.</summary>
    public async Task<SqlOutcome> ExecuteAsync(SqlStatement statement, CancellationToken cancellationToken)
    {
        var started = await StartAsync(statement, cancellationToken);
        return started is SqlRunning { Handle: { } handle } ? await WaitAsync(handle, statement, cancellationToken) : started;
    }

    /// <summary>
    /// Hands one statement to the account: <see cref="SqlRunning"/> with its handle, which is known before the statement ends, or what became of it.
    /// </summary>
    /// <remarks>A caller that goes away meanwhile is given the few seconds it takes to learn the handle: without it the statement would run on unseen.</remarks>
    public Task<SqlOutcome> StartAsync(SqlStatement statement, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_driver is not null)
        {
            return Task.FromResult<SqlOutcome>(_driver.Start(statement));
        }
        return GuardedAsync(null, async () =>
        {
            var alone = !statement.OneRole || await _secondary.AreOffAsync(statement, cancellationToken);
            return await OutcomeAsync(await SubmitAsync(statement.RequestId, SqlWire.Write(statement, alone), cancellationToken), null, statement, CancellationToken.None);
        });
    }

    /// <summary>Waits for a statement that was started and reads its rows up to the limits of <paramref name="statement"/>. A caller that goes away cancels it in the account.</summary>
    public async Task<SqlOutcome> WaitAsync(string handle, SqlStatement statement, CancellationToken cancellationToken)
    {
        try
        {
            for (var pause = FirstPoll; ; pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPoll.Ticks)))
            {
                if (await StatusAsync(handle, statement, cancellationToken) is var outcome and not SqlRunning)
                {
                    return outcome;
                }
                await Task.Delay(pause, _time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await CancelQuietlyAsync(handle);
            throw;
        }
    }

    /// <summary>Asks once where a statement stands: running, rows up to the limits of <paramref name="statement"/>, or failed. Asking changes nothing.</summary>
    public Task<SqlOutcome> StatusAsync(string handle, SqlStatement statement, CancellationToken cancellationToken) =>
        _driver is not null ? _driver.StatusAsync(handle, statement) : GuardedAsync(handle, async () => await OutcomeAsync(await SendAsync(HttpMethod.Get, $"/{Uri.EscapeDataString(handle)}", null, cancellationToken), handle, statement, cancellationToken));

    private async Task<SqlOutcome> OutcomeAsync(Answer answer, string? known, SqlStatement statement, CancellationToken cancellationToken)
    {
        var handle = SqlWire.Handle(answer.Body) ?? known;
        return answer.Status switch
        {
            HttpStatusCode.Accepted when handle is not null => new SqlRunning { Handle = handle },
            HttpStatusCode.Accepted => new SqlFailure(SqlFailureKind.NotUnderstood, "The account says the statement runs but gave no handle to ask for it."),
            // The statement stood behind the one that switches secondary roles off; the answer is its own.
            HttpStatusCode.OK when SqlWire.LastHandle(answer.Body) is { } last => await StatusAsync(last, statement, cancellationToken),
            HttpStatusCode.OK => await PageAsync(SqlWire.ReadRows(answer.Body), statement, cancellationToken),
            _ => SqlWire.ReadFailure(answer.Status, answer.Body, statement) with { Handle = handle },
        };
    }

    /// <summary>Failures on the way are values too; only the caller's own going away is not.</summary>
    private static async Task<SqlOutcome> GuardedAsync(string? handle, Func<Task<SqlOutcome>> ask)
    {
        try
        {
            return await ask();
        }
        catch (SignInException exception)
        {
            return new SqlFailure(SqlFailureKind.SignIn, exception.Message) { Handle = handle };
        }
        catch (JsonException exception)
        {
            return new SqlFailure(SqlFailureKind.NotUnderstood, $"The account's answer is no answer of the SQL API: {exception.Message}") { Handle = handle };
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return new SqlFailure(SqlFailureKind.Unreachable, $"The account could not be reached: {exception.Message} Whether the statement ran is unknown"
                + (handle is null ? "." : $"; its query id is {handle}.")) { Handle = handle };
        }
    }

    /// <summary>Submits for asynchronous execution, so that the handle is known at once and a statement can always be cancelled.</summary>
    private async Task<Answer> SubmitAsync(Guid requestId, byte[] body, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(SubmitDeadline, _time);
        using var gone = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).CancelAfter(CancelDeadline), deadline);
        try
        {
            return await SendAsync(HttpMethod.Post, $"?requestId={requestId:D}&async=true", body, deadline.Token, cancellationToken);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"the account did not take the statement within {SubmitDeadline.TotalSeconds:0} seconds.", exception);
        }
    }

    /// <summary>Asks the account to stop a statement. Null when it says it did; else why not.</summary>
    /// <remarks>Stopping is best effort: what became of the statement is asked with <see cref="StatusAsync"/>.</remarks>
    public async Task<SqlFailure?> CancelAsync(string handle, CancellationToken cancellationToken)
    {
        if (_driver is not null)
        {
            return await _driver.CancelAsync(handle);
        }
        var outcome = await GuardedAsync(handle, async () =>
        {
            var answer = await SendAsync(HttpMethod.Post, $"/{Uri.EscapeDataString(handle)}/cancel", [], cancellationToken);
            return answer.Status == HttpStatusCode.OK ? new SqlRunning { Handle = handle } : SqlWire.ReadFailure(answer.Status, answer.Body) with { Handle = handle };
        });
        return outcome as SqlFailure;
    }

    /// <summary>Rows of one part of a result of which <paramref name="known"/> is the first; parts are kept for 24 hours.</summary>
    public Task<SqlOutcome> PartitionAsync(SqlRows known, int partition, CancellationToken cancellationToken) =>
        // The driver reads a result in one part.
        _driver is not null ? _driver.WholeAsync(known.Handle!) : GuardedAsync(known.Handle, async () =>
        {
            var answer = await SendAsync(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"/{Uri.EscapeDataString(known.Handle!)}?partition={partition}"), null, cancellationToken);
            return answer.Status == HttpStatusCode.OK
                ? known with { Rows = SqlWire.ReadData(answer.Body) }
                : SqlWire.ReadFailure(answer.Status, answer.Body) with { Handle = known.Handle };
        });

    private async Task<SqlOutcome> PageAsync(SqlRows first, SqlStatement statement, CancellationToken cancellationToken)
    {
        var rows = ImmutableArray.CreateBuilder<ImmutableArray<string?>>();
        var room = (long)statement.MaxBytes;
        var full = !Take(first.Rows);
        for (var partition = 1; !full && partition < first.PartitionRows.Length && first.Handle is not null; partition++)
        {
            // A part that does not come is a failure, never a shorter result.
            if (await PartitionAsync(first, partition, cancellationToken) is not SqlRows part)
            {
                return new SqlFailure(SqlFailureKind.Unreachable, $"The statement ran, but part {partition + 1} of {first.PartitionRows.Length} of its result could not be read. Its query id is {first.Handle}.") { Handle = first.Handle };
            }
            full = !Take(part.Rows);
        }
        return first with { Rows = rows.ToImmutable(), TotalRows = Math.Max(first.TotalRows, rows.Count) };

        bool Take(ImmutableArray<ImmutableArray<string?>> part)
        {
            foreach (var row in part)
            {
                room -= row.Sum(cell => cell?.Length ?? 0);
                // One row is always given, else a reader of a large one would see none and not know why.
                if (rows.Count >= statement.MaxRows || (room < 0 && rows.Count > 0))
                {
                    return false;
                }
                rows.Add(row);
            }
            return true;
        }
    }

    private readonly record struct Answer(HttpStatusCode Status, byte[] Body);

    /// <summary>Sends, and sends again what is safe to repeat: the request id makes a repeated submit the same execution.</summary>
    /// <param name="asker">Whoever wants the answer. When they are gone, what may have arrived is still followed up, and what certainly has not is not sent again.</param>
    private async Task<Answer> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken, CancellationToken asker = default)
    {
        var renewed = false;
        var arrived = false;
        for (var attempt = 1; ; attempt++)
        {
            var pause = TimeSpan.FromSeconds(Math.Pow(2, attempt - 1));
            var token = await _credential.GetAsync(cancellationToken);
            var submitAgain = attempt > 1 && method == HttpMethod.Post && path.StartsWith('?') ? "&retry=true" : "";
            try
            {
                using var request = Request(method, path + submitAgain, body, token);
                using var response = await _http.SendAsync(request, cancellationToken);
                var answer = new Answer(response.StatusCode, await ReadAsync(response, cancellationToken));
                if (answer.Status == HttpStatusCode.Unauthorized && !renewed && await _credential.RenewAsync(token, cancellationToken))
                {
                    renewed = true;
                    continue;
                }
                var busy = answer.Status is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
                if (!busy || attempt >= MaxSends)
                {
                    return answer;
                }
                pause = response.Headers.RetryAfter?.Delta is { } asked && asked > pause ? asked : pause;
                arrived = true;
                LogBusy((int)answer.Status, attempt);
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException && exception is not EgressRefusedException && attempt < MaxSends)
            {
                arrived |= exception is not HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError };
                LogUnreachable(exception.Message, attempt);
            }
            using var wanted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, arrived ? CancellationToken.None : asker);
            await Task.Delay(pause, _time, wanted.Token);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, byte[]? body, AccessToken token)
    {
        var request = new HttpRequestMessage(method, new Uri(_statements.AbsoluteUri + path));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        request.Headers.TryAddWithoutValidation("User-Agent", CortexClient.UserAgent);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        token.AttachTo(request.Headers);
        return request;
    }

    /// <summary>Partitions come compressed whether or not that was asked for.</summary>
    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var raw = await response.Content.ReadAsStreamAsync(cancellationToken);
        await using var stream = response.Content.Headers.ContentEncoding.Contains("gzip", StringComparer.OrdinalIgnoreCase) ? new GZipStream(raw, CompressionMode.Decompress) : raw;
        var whole = new System.Buffers.ArrayBufferWriter<byte>(16 * 1024);
        int read;
        while ((read = await stream.ReadAsync(whole.GetMemory(16 * 1024), cancellationToken)) > 0)
        {
            whole.Advance(read);
            if (whole.WrittenCount > MaxAnswerBytes)
            {
                throw new IOException($"an answer of more than {MaxAnswerBytes} bytes was cut off; ask for fewer rows.");
            }
        }
        return whole.WrittenSpan.ToArray();
    }

    /// <summary>The caller has gone; the statement must not go on without it.</summary>
    private async Task CancelQuietlyAsync(string handle)
    {
        using var deadline = new CancellationTokenSource(CancelDeadline, _time);
        try
        {
            if (await CancelAsync(handle, deadline.Token) is { } failure) LogNotCancelled(handle, failure.Message);
            else LogCancelled(handle);
        }
        catch (OperationCanceledException)
        {
            LogNotCancelled(handle, $"the account did not answer within {CancelDeadline.TotalSeconds:0} seconds");
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The SQL API answered {Status}, attempt {Attempt}")]
    private partial void LogBusy(int status, int attempt);

    [LoggerMessage(Level = LogLevel.Information, Message = "The SQL API was not reached ({Reason}), attempt {Attempt}")]
    private partial void LogUnreachable(string reason, int attempt);

    [LoggerMessage(Level = LogLevel.Information, Message = "Statement {Handle} cancelled")]
    private partial void LogCancelled(string handle);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Statement {Handle} could not be cancelled: {Reason}")]
    private partial void LogNotCancelled(string handle, string reason);
}
