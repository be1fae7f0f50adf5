using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EditorBridge.Audit;
using EditorBridge.Ledger.Appending;
using EditorBridge.Ledger.Storage;
using EditorBridge.Ledger.Verification;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger;

/// <summary>
/// Checks a ledger from its file alone, by the steps of docs/audit-format.md. It shares no code with the writer: it reads rows, hashes them
/// and compares. Runs beside a writing host: it sees one moment of the file.
/// </summary>
public sealed class LedgerVerifier
{
    internal const int MostFindings = 100;
    private const int ReportEvery = 10_000;

    private static readonly Task<ImmutableArray<VerifyFinding>> None = Task.FromResult(ImmutableArray<VerifyFinding>.Empty);

    private readonly LedgerFolder _folder;
    private readonly VerifyOptions _options;
    private readonly IProgress<VerifyProgress>? _progress;
    private readonly CancellationToken _cancellationToken;
    private readonly ImmutableArray<VerifyFinding>.Builder _findings = ImmutableArray.CreateBuilder<VerifyFinding>();
    private readonly HashSet<string> _heldCalls = new(StringComparer.Ordinal);
    private ChainHead? _head;
    private string? _keptBeside;
    private long _clockJumps;
    private long _entries;

    private LedgerVerifier(string folder, VerifyOptions options, IProgress<VerifyProgress>? progress, CancellationToken cancellationToken)
    {
        _folder = new LedgerFolder(folder);
        _options = options;
        _progress = progress;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Verifies on a thread of its own.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public static Task<VerifyReport> VerifyAsync(
        string folder, VerifyOptions options, IProgress<VerifyProgress>? progress, CancellationToken cancellationToken) =>
        new LedgerVerifier(folder, options, progress, cancellationToken).VerifyAsync();

    /// <summary>
    /// The chain, the tables folded from it and SQLite's own check are looked at side by side, each on a thread and a connection of its own: every one sees one
    /// moment of the file and needs no other moment than its own. What the two last find counts only beside a sound chain, of which it would be mere consequence.
    /// </summary>
    private async Task<VerifyReport> VerifyAsync()
    {
        long started = Stopwatch.GetTimestamp();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_cancellationToken);
        bool derived = _options.Projection && File.Exists(_folder.Database);
        Task<ImmutableArray<VerifyFinding>> projection = derived ? Task.Run(() => ProjectionChecks.Verify(_folder.Database, stop.Token), CancellationToken.None) : None;
        Task<ImmutableArray<VerifyFinding>> indexes = derived ? Task.Run(() => IndexChecks.Verify(_folder.Database, stop.Token), CancellationToken.None) : None;
        VerifyReport report;
        try
        {
            report = await Task.Run(Verify, CancellationToken.None);
        }
        finally
        {
            if (_findings.Count > 0 || _cancellationToken.IsCancellationRequested)
            {
                await stop.CancelAsync();
            }
            await Task.WhenAll(indexes, projection);
        }
        if (_findings.Count == 0)
        {
            _findings.AddRange(await indexes);
            _findings.AddRange(await projection);
        }
        return report with { Took = Stopwatch.GetElapsedTime(started), Findings = _findings.ToImmutable(), ClockJumps = _clockJumps, Entries = _entries };
    }

    private VerifyReport Verify()
    {
        var report = new VerifyReport { Folder = _folder.Path, Took = TimeSpan.Zero, Findings = [] };
        try
        {
            if (!File.Exists(_folder.Database))
            {
                Find(VerifyProblem.Unreadable, null, HeadFile.ReadFrom(_folder.Head) is { Sequence: > 0 } lost
                    ? string.Create(CultureInfo.InvariantCulture, $"{_folder.Database} is gone; ledger.head says it had {lost.Sequence} entries.")
                    : $"There is no ledger at {_folder.Database}.");
            }
            else
            {
                // What lies beside the database is written after its commit, so it is read before the snapshot begins: then the snapshot
                // holds at least what these know, however busily a host goes on recording.
                _head = HeadFile.ReadFrom(_folder.Head);
                _keptBeside = File.Exists(_folder.Checkpoints) ? File.ReadAllText(_folder.Checkpoints) : null;
                using SqliteConnection connection = LedgerConnection.OpenReader(_folder.Database);
                LedgerMigration.CheckReadable(connection, _folder.Database);
                // One read transaction: a host that goes on writing does not disturb what is being compared.
                LedgerConnection.Execute(connection, "BEGIN");
                report = Verify(connection, report);
            }
        }
        catch (Exception e) when (e is SqliteException or InvalidDataException or LedgerUnreadableException or InvalidCastException or InvalidOperationException)
        {
            Find(VerifyProblem.Unreadable, null, $"The database could not be read on: {e.Message}");
        }
        return report;
    }

    private VerifyReport Verify(SqliteConnection connection, VerifyReport report)
    {
        string? ledgerId = Scalar(connection, "SELECT id FROM ledger LIMIT 1") as string;
        long last = LedgerConnection.ScalarNumber(connection, "SELECT coalesce(max(sequence), 0) FROM entries");
        long to = Math.Min(_options.To ?? last, last);
        string? lastHash = VerifyChain(connection, to);
        (long kept, long dropped) = _options.Payloads ? VerifyPayloads(connection, to) : default;

        bool outside = _options.PublicKeyPem is not null;
        using CheckpointKey? key = ReadKey();
        var checkpoints = new CheckpointChecks(connection, ledgerId, key, Find);
        int signed = checkpoints.VerifyAll();
        int witnessed = checkpoints.VerifyKept(_options.Witnessed, "a checkpoint kept elsewhere");
        checkpoints.VerifyKept(_keptBeside, "checkpoints.txt");
        checkpoints.VerifyHead(_head);

        return report with
        {
            LedgerId = ledgerId,
            FirstSequence = Math.Min(_options.From, to),
            LastSequence = to,
            LastHash = lastHash,
            PayloadsKept = kept,
            PayloadsDropped = dropped,
            Checkpoints = signed,
            Witnessed = witnessed,
            Unsigned = last - checkpoints.LastSequence,
            OpenCalls = LedgerConnection.ScalarNumber(connection, "SELECT count(*) FROM calls WHERE open = 1"),
            KeyId = key?.Id,
            KeyFromOutside = outside,
        };
    }

    /// <summary>Returns the hash of the last entry, null when there is none in the range.</summary>
    private string? VerifyChain(SqliteConnection connection, long to)
    {
        byte[] previous = [.. HashChain.Genesis];
        if (_options.From > 1)
        {
            previous = Scalar(connection, string.Create(CultureInfo.InvariantCulture, $"SELECT hash FROM entries WHERE sequence = {_options.From - 1}")) as byte[] ?? previous;
        }
        var scratch = new ArrayBufferWriter<byte>(4096);
        byte[] computed = new byte[HashChain.HashLength];
        long expected = _options.From;
        foreach (StoredEntry entry in StoredEntry.Read(connection, _options.From, to))
        {
            if (entry.Sequence != expected)
            {
                Find(VerifyProblem.EntryMissing, expected, string.Create(
                    CultureInfo.InvariantCulture, $"Entries {expected} to {entry.Sequence - 1} are missing."));
            }
            else
            {
                HashChain.Hash(scratch, entry.Draft, entry.Sequence, entry.At, entry.Facts, entry.Payloads, previous, computed);
                if (!computed.AsSpan().SequenceEqual(entry.Hash))
                {
                    Find(VerifyProblem.EntryChanged, entry.Sequence, string.Create(
                        CultureInfo.InvariantCulture, $"Entry {entry.Sequence} is not what was recorded: its content, or its link to entry {entry.Sequence - 1}, does not match its hash."));
                }
            }
            previous = entry.Hash;
            expected = entry.Sequence + 1;
            _entries++;
            CheckRelease(entry);
            if (_entries % ReportEvery == 0)
            {
                _cancellationToken.ThrowIfCancellationRequested();
                _progress?.Report(new VerifyProgress(_entries, to - _options.From + 1));
            }
        }
        if (expected <= to)
        {
            Find(VerifyProblem.EntryMissing, expected, string.Create(CultureInfo.InvariantCulture, $"Entries {expected} to {to} are missing."));
        }
        _progress?.Report(new VerifyProgress(_entries, _entries));
        return _entries > 0 ? Convert.ToHexStringLower(previous) : null;
    }

    private void CheckRelease(StoredEntry entry)
    {
        switch (entry.Draft.Kind)
        {
            case EntryKind.ClockJumped:
                _clockJumps++;
                break;
            case EntryKind.ReviewOpened:
                _heldCalls.Add(entry.Draft.CallId);
                break;
            case EntryKind.ReviewVerdict when entry.Draft.Result is "approved" or "edited":
            case EntryKind.ActionRefused or EntryKind.ReviewExpired:
                _heldCalls.Remove(entry.Draft.CallId);
                break;
            case EntryKind.ActionAdmitted when _heldCalls.Remove(entry.Draft.CallId):
                Find(VerifyProblem.ReleasedWithoutVerdict, entry.Sequence, string.Create(
                    CultureInfo.InvariantCulture, $"Entry {entry.Sequence} releases call {entry.Draft.CallId}, whose review has no approving verdict before it."));
                break;
            default:
                break;
        }
    }

    private (long Kept, long Dropped) VerifyPayloads(SqliteConnection connection, long to)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = """
            SELECT t.sequence, t.salt, t.encoding, t.content, p.commitment, p.bytes, p.name
            FROM payload_texts t LEFT JOIN payloads p ON p.sequence = t.sequence AND p.ordinal = t.ordinal
            WHERE t.sequence BETWEEN $from AND $to
            """;
        command.Parameters.AddWithValue("$from", _options.From);
        command.Parameters.AddWithValue("$to", to);
        long kept = 0;
        using (SqliteDataReader reader = command.ExecuteReader())
        {
            while (reader.Read())
            {
                kept += reader.GetString(2) is StoredText.None ? 0 : 1;
                if (PayloadProblem(reader) is { } problem)
                {
                    Find(VerifyProblem.PayloadChanged, reader.GetInt64(0), string.Create(
                        CultureInfo.InvariantCulture, $"The payload '{(reader.IsDBNull(6) ? "?" : reader.GetString(6))}' of entry {reader.GetInt64(0)} is not what was recorded: {problem}."));
                }
                _cancellationToken.ThrowIfCancellationRequested();
            }
        }
        long all = LedgerConnection.ScalarNumber(connection, string.Create(
            CultureInfo.InvariantCulture, $"SELECT count(*) FROM payloads WHERE sequence BETWEEN {_options.From} AND {to}"));
        return (kept, all - kept);
    }

    private static string? PayloadProblem(SqliteDataReader row)
    {
        if (row.IsDBNull(4))
        {
            return "the chain knows no payload in this place";
        }
        try
        {
            byte[]? text = StoredText.Decode(row.GetString(2), row.IsDBNull(3) ? null : row.GetFieldValue<byte[]>(3));
            if (text is null)
            {
                return row.GetString(2) is StoredText.None ? null : "its text is empty";
            }
            byte[] commitment = HMACSHA256.HashData(row.GetFieldValue<byte[]>(1), text);
            return !CryptographicOperations.FixedTimeEquals(commitment, row.GetFieldValue<byte[]>(4)) ? "its text does not match the commitment"
                : text.Length != row.GetInt64(5) ? "its length differs"
                : null;
        }
        catch (Exception e) when (e is InvalidDataException or InvalidOperationException or IOException)
        {
            return $"its text cannot be decoded ({e.Message})";
        }
    }

    private CheckpointKey? ReadKey()
    {
        try
        {
            string? pem = _options.PublicKeyPem ?? (File.Exists(_folder.PublicKey) ? File.ReadAllText(_folder.PublicKey) : null);
            if (pem is null)
            {
                Find(VerifyProblem.CheckpointInvalid, null, "There is no public key: ledger.pub is missing. Pass one with --pubkey.");
                return null;
            }
            return CheckpointKey.FromPublicPem(pem);
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            Find(VerifyProblem.CheckpointInvalid, null, $"The public key cannot be read: {e.Message}");
            return null;
        }
    }

    private void Find(VerifyProblem problem, long? sequence, string message)
    {
        if (_findings.Count < MostFindings)
        {
            _findings.Add(new VerifyFinding(problem, sequence, message));
        }
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
