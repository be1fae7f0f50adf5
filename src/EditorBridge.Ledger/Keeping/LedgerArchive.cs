using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger.Appending;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger;

/// <summary>Whole ledgers: copied, put back, or ended because they are damaged. A copy counts only once it has been verified.</summary>
public static class LedgerArchive
{
    /// <summary>Copies a ledger, while a host writes it or not, and verifies the copy. The signing key stays where it is.</summary>
    /// <param name="target">A folder that does not exist yet.</param>
    /// <exception cref="LedgerUnavailableException">The target exists, or the source cannot be read.</exception>
    public static async Task<VerifyReport> BackupAsync(string folder, string target, CancellationToken cancellationToken)
    {
        var source = new LedgerFolder(folder);
        var copy = new LedgerFolder(target);
        if (Path.Exists(copy.Path))
        {
            throw new LedgerUnavailableException($"{copy.Path} already exists. Nothing was copied. Name a folder that does not exist yet.");
        }
        if (!File.Exists(source.Database))
        {
            throw new LedgerUnavailableException($"There is no ledger at {source.Database}. Nothing was copied.");
        }
        LedgerFolder.MakePrivateFolder(copy.Path);
        await Task.Run(() => Copy(source, copy), cancellationToken);
        return await LedgerVerifier.VerifyAsync(copy.Path, new VerifyOptions(), null, cancellationToken);
    }

    /// <summary>
    /// Puts a verified backup in the place of the ledger. What was there is kept under segments, and an incident in the restored chain names
    /// the entries that the backup does not have.
    /// </summary>
    /// <exception cref="LedgerUnavailableException">The backup does not verify, or a host is writing.</exception>
    public static async Task<VerifyReport> RestoreAsync(string folder, string backup, string actor, TimeProvider time, CancellationToken cancellationToken)
    {
        VerifyReport report = await LedgerVerifier.VerifyAsync(backup, new VerifyOptions(), null, cancellationToken);
        if (!report.IsSound)
        {
            throw new LedgerUnavailableException($"The backup in {backup} does not verify: {report.Findings[0].Message} Nothing was changed.");
        }
        var target = new LedgerFolder(folder);
        target.Prepare();
        ChainHead? lost;
        using (WriterLock.Take(target, time))
        {
            lost = HeadFile.ReadFrom(target.Head);
            MoveAway(target, time);
            Copy(new LedgerFolder(backup), target);
        }
        await AppendIncidentAsync(target, time, actor, "ledger.restored", "The ledger was restored from a backup", new JsonObject
        {
            ["backupHash"] = report.LastHash,
            ["backupSequence"] = report.LastSequence,
            ["lostEntries"] = Math.Max(0, (lost?.Sequence ?? 0) - report.LastSequence),
            ["previousHash"] = lost is null ? null : Convert.ToHexStringLower(lost.Hash.AsSpan()),
            ["previousSequence"] = lost?.Sequence,
        });
        return report;
    }

    /// <summary>Ends a damaged ledger: moves it to segments, where it can be read and exported, and begins a new one whose second entry names the old one's end.</summary>
    /// <returns>The folder the old ledger was moved to.</returns>
    /// <exception cref="LedgerUnavailableException">A host is writing, or there is no ledger.</exception>
    public static async Task<string> NewSegmentAsync(string folder, string actor, string reason, TimeProvider time)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        var target = new LedgerFolder(folder);
        target.Prepare();
        string moved;
        ChainHead? head;
        CheckpointNote? checkpoint;
        using (WriterLock.Take(target, time))
        {
            head = HeadFile.ReadFrom(target.Head);
            checkpoint = CheckpointFile.Last(target.Checkpoints);
            moved = MoveAway(target, time) ?? throw new LedgerUnavailableException($"There is no ledger in {target.Path} that could be ended. Nothing was changed.");
        }
        await AppendIncidentAsync(target, time, actor, "ledger.segment", "A new ledger begins after a damaged one", new JsonObject
        {
            ["folder"] = Path.GetFileName(moved),
            ["previousHash"] = head is null ? null : Convert.ToHexStringLower(head.Hash.AsSpan()),
            ["previousLedger"] = checkpoint?.LedgerId,
            ["previousSequence"] = head?.Sequence,
            ["reason"] = reason,
        });
        return moved;
    }

    private static void Copy(LedgerFolder source, LedgerFolder target)
    {
        LedgerBackup.Copy(source.Database, target.Database);
        using SqliteConnection connection = LedgerConnection.OpenReader(target.Database);
        using (SqliteCommand last = connection.CreateCommand())
        {
            last.CommandText = "SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1";
            using SqliteDataReader reader = last.ExecuteReader();
            using HeadFile head = HeadFile.Open(target.Head);
            head.Write(reader.Read() ? new ChainHead(reader.GetInt64(0), [.. reader.GetFieldValue<byte[]>(1)]) : ChainHead.Empty);
        }
        using (SqliteCommand notes = connection.CreateCommand())
        using (FileStream file = LedgerFolder.OpenPrivate(target.Checkpoints, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            notes.CommandText = "SELECT note FROM checkpoints ORDER BY number";
            using SqliteDataReader reader = notes.ExecuteReader();
            while (reader.Read())
            {
                file.Write(Encoding.UTF8.GetBytes(reader.GetString(0) + "\n"));
            }
        }
        if (!File.Exists(target.PublicKey) && File.Exists(source.PublicKey))
        {
            using FileStream key = LedgerFolder.OpenPrivate(target.PublicKey, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            key.Write(File.ReadAllBytes(source.PublicKey));
        }
    }

    /// <summary>Null when there was nothing to move.</summary>
    private static string? MoveAway(LedgerFolder folder, TimeProvider time)
    {
        string[] files = [.. new[] { folder.Database, folder.Database + "-wal", folder.Database + "-shm", folder.Head, folder.Checkpoints }.Where(File.Exists)];
        if (files.Length == 0)
        {
            return null;
        }
        string target = Path.Combine(folder.Segments, time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture));
        LedgerFolder.MakePrivateFolder(folder.Segments);
        LedgerFolder.MakePrivateFolder(target);
        foreach (string file in files)
        {
            File.Move(file, Path.Combine(target, Path.GetFileName(file)));
        }
        if (File.Exists(folder.PublicKey))
        {
            File.Copy(folder.PublicKey, Path.Combine(target, Path.GetFileName(folder.PublicKey)));
        }
        foreach (string file in new[] { folder.Search, folder.Search + "-wal", folder.Search + "-shm" })
        {
            File.Delete(file);
        }
        return target;
    }

    private static async Task AppendIncidentAsync(LedgerFolder folder, TimeProvider time, string actor, string kind, string subject, JsonObject facts)
    {
        facts["incident"] = kind;
        await using LedgerWriter writer = LedgerWriter.Open(new LedgerOptions { Folder = folder.Path, FullText = false }, time);
        await writer.AppendAsync(new AuditDraft
        {
            Kind = EntryKind.Incident,
            CallId = Guid.CreateVersion7().ToString("N"),
            Actor = actor,
            Subject = subject,
            Result = kind,
            Severity = "high",
            Facts = facts,
        });
    }
}
