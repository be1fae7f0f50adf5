using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Keeping;
using EditorBridge.Ledger;
using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary>
/// Answers of the account whose tool calls wait for a person. A client that goes away and asks the same again (a retry, the fallback
/// without a stream, after a restart of the host) gets the answer that is there: nothing is generated twice and nobody is asked twice.
/// <code>
///  account ─► whole answer ─► Keep ─► waits ─► delivered ─► forgotten
///                              │        └─ client gone ─► Take, by the same question of the same session
///                              └─ after half a second a 0600 file, unless the ledger keeps no texts, or its redaction would take something out of this one
/// </code>
/// Bounded in number, size and time. An answer with a secret in it stays in memory: after a restart it is asked for anew.
/// </summary>
internal sealed partial class HeldAnswers : IDisposable
{
    private const int Most = 200;
    internal const int LargestAnswer = 16 * 1024 * 1024;
    private const long LargestTogether = 64 * 1024 * 1024;

    /// <summary>As long as a review lives and its verdict can still be fetched.</summary>
    private static readonly TimeSpan Lifetime = ActionGate.ReviewLifetime + TimeSpan.FromMinutes(10);

    /// <summary>Most calls are decided at once; only what really waits is worth a file.</summary>
    private static readonly TimeSpan BeforeWriting = TimeSpan.FromMilliseconds(500);

    /// <summary>A client repeats its question on a new connection, which may be seen before the old one's end.</summary>
    private static readonly TimeSpan Handover = TimeSpan.FromSeconds(1);

    private readonly bool _keepsTexts;
    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly ILogger<HeldAnswers> _logger;
    private readonly ITimer _pruning;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, HeldAnswer> _answers = new(StringComparer.Ordinal);

    /// <param name="ledger">Where texts are not to be kept, no answer is written either.</param>
    public HeldAnswers(StateFolder state, LedgerSettings ledger, TimeProvider time, ILogger<HeldAnswers> logger)
    {
        _keepsTexts = (ledger.Content ?? ContentMode.Full) == ContentMode.Full;
        _folder = state.In("held");
        _time = time;
        _logger = logger;
        Load();
        _pruning = time.CreateTimer(_ => Prune(), null, Lifetime / 4, Lifetime / 4);
    }

    /// <summary>The place for one request's answer, found by whose question it is.</summary>
    public HeldSlot SlotFor(StreamCall call, MessagesRequest request, string callId) =>
        new(this, callId, () => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{call.SessionId}\n{(call.SessionId is null ? call.Actor : "")}\n{request.QuestionHash}"))));

    /// <summary>The answer this question has got already and that nobody waits for; null when it has to be asked. The taker gives it back or delivers it.</summary>
    internal async ValueTask<HeldAnswer?> TakeAsync(Func<string> key, CancellationToken cancellationToken)
    {
        Task? freed;
        lock (_lock)
        {
            // The hash of a large request is not for nothing.
            if (_answers.Count == 0) return null;
            if (Find(key()) is not { } answer) return null;
            if (answer.TryUse()) return answer;
            freed = answer.Freed;
        }

        try
        {
            await freed.WaitAsync(Handover, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Its client is still there: two like questions at once are two questions.
            return null;
        }

        lock (_lock) return Find(key()) is { } answer && answer.TryUse() ? answer : null;
    }

    internal HeldAnswer? Keep(string key, string callId, byte[] message, ConcurrentDictionary<string, Admission> decided)
    {
        if (message.Length > LargestAnswer) return null;
        var answer = new HeldAnswer(key, callId, _time.GetUtcNow(), message, decided);
        answer.TryUse();
        lock (_lock)
        {
            // Two like questions at once: the first one's answer is kept.
            if (!_answers.TryAdd(key, answer)) return null;
            while (_answers.Count > Most || _answers.Values.Sum(a => (long)a.Message.Length) > LargestTogether)
            {
                if (_answers.Values.Where(a => a != answer).MinBy(a => a.At) is not { } oldest) break;
                LogDropped(oldest.CallId);
                Drop(oldest);
            }
        }

        answer.Writing = _time.CreateTimer(_ => Write(answer), null, BeforeWriting, Timeout.InfiniteTimeSpan);
        return answer;
    }

    /// <summary>The client has it: there is nothing left to give again.</summary>
    internal void Delivered(HeldAnswer answer)
    {
        lock (_lock) Drop(answer);
    }

    /// <summary>The client went away: the answer waits for the same question.</summary>
    internal void Release(HeldAnswer answer)
    {
        LogReleased(answer.CallId);
        Write(answer);
        lock (_lock) answer.Free();
    }

    public void Dispose()
    {
        _pruning.Dispose();
        HeldAnswer[] open;
        lock (_lock) open = [.. _answers.Values];
        foreach (var answer in open)
        {
            Write(answer);
            answer.Writing?.Dispose();
        }
    }

    private HeldAnswer? Find(string key)
    {
        if (!_answers.TryGetValue(key, out var answer)) return null;
        if (_time.GetUtcNow() - answer.At <= Lifetime) return answer;
        Drop(answer);
        return null;
    }

    private void Prune()
    {
        lock (_lock)
        {
            foreach (var old in _answers.Values.Where(a => _time.GetUtcNow() - a.At > Lifetime).ToArray()) Drop(old);
        }
    }

    private void Drop(HeldAnswer answer)
    {
        if (!_answers.TryGetValue(answer.Key, out var known) || known != answer) return;
        _answers.Remove(answer.Key);
        answer.Writing?.Dispose();
        answer.Free();
        if (answer.File is not { } file) return;
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotDeleted(file, e);
        }
    }

    private void Write(HeldAnswer answer)
    {
        var text = Encoding.UTF8.GetString(answer.Message);
        var writes = _keepsTexts && Redaction.Redact(text) == text;
        lock (_lock)
        {
            if (answer.Written || !_answers.TryGetValue(answer.Key, out var known) || known != answer) return;
            answer.Written = true;
            if (!writes) return;
            try
            {
                if (OperatingSystem.IsWindows()) Directory.CreateDirectory(_folder);
                else Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                answer.File = Path.Combine(_folder, answer.Key + ".json");
                StateFolder.WritePrivate(answer.File, JsonSerializer.Serialize(new HeldFile(answer.CallId, answer.At, text), JsonSerializerOptions.Web));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It is still in memory; only a restart would cost a second generation.
                LogNotWritten(answer.CallId, e);
            }
        }
    }

    private void Load()
    {
        if (!Directory.Exists(_folder)) return;
        foreach (var file in Directory.EnumerateFiles(_folder))
        {
            try
            {
                if (file.EndsWith(".json", StringComparison.Ordinal) && StateFolder.ReadPrivate(file) is { } text
                    && JsonSerializer.Deserialize<HeldFile>(text, JsonSerializerOptions.Web) is { Message: { } message, CallId: { } callId } held
                    && _time.GetUtcNow() - held.At <= Lifetime)
                {
                    var key = Path.GetFileNameWithoutExtension(file);
                    _answers[key] = new HeldAnswer(key, callId, held.At, Encoding.UTF8.GetBytes(message), []) { Written = true, File = file };
                    continue;
                }

                File.Delete(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or StateFolderException)
            {
                LogNotRead(file, e);
            }
        }
    }

    private sealed record HeldFile(string CallId, DateTimeOffset At, string Message);

    [LoggerMessage(LogLevel.Information, "The client of {CallId} went away while a person is asked; its answer is kept for the same question")]
    private partial void LogReleased(string callId);

    [LoggerMessage(LogLevel.Warning, "Too many answers wait for people; that of {CallId} is not kept any longer")]
    private partial void LogDropped(string callId);

    [LoggerMessage(LogLevel.Warning, "The held answer of {CallId} could not be written; after a restart of the host it would be asked for anew")]
    private partial void LogNotWritten(string callId, Exception exception);

    [LoggerMessage(LogLevel.Warning, "The delivered answer {File} could not be deleted; it is ignored once it is too old")]
    private partial void LogNotDeleted(string file, Exception exception);

    [LoggerMessage(LogLevel.Warning, "The held answer {File} cannot be read and is left alone; its question would be asked anew")]
    private partial void LogNotRead(string file, Exception exception);
}

/// <summary>One answer that waits. Its message is whole; whether it goes out as a stream or not is for the next asking.</summary>
/// <param name="callId">The request the account answered.</param>
/// <param name="decided">What was decided about its calls, by tool_use id: a session has its own memory of that, a client without one has not.</param>
internal sealed class HeldAnswer(string key, string callId, DateTimeOffset at, byte[] message, ConcurrentDictionary<string, Admission> decided)
{
    private TaskCompletionSource? _freed;

    public string Key => key;
    public string CallId => callId;
    public DateTimeOffset At => at;
    public byte[] Message => message;
    public ConcurrentDictionary<string, Admission> Decided => decided;

    /// <summary>The writing has been tried; <see cref="File"/> says whether there is one.</summary>
    public bool Written { get; set; }

    public string? File { get; set; }
    public ITimer? Writing { get; set; }

    /// <summary>Ends when nobody waits for this answer any more.</summary>
    public Task Freed => _freed?.Task ?? Task.CompletedTask;

    /// <summary>False while another client waits for it. Guarded by its owner's lock, as <see cref="Free"/> is.</summary>
    public bool TryUse()
    {
        if (_freed is not null) return false;
        _freed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return true;
    }

    public void Free()
    {
        _freed?.TrySetResult();
        _freed = null;
    }
}

/// <summary>Where one request's answer is kept while it waits; empty until there is one.</summary>
internal sealed class HeldSlot(HeldAnswers answers, string callId, Func<string> key) : IDisposable
{
    private ConcurrentDictionary<string, Admission> _decided = new(StringComparer.Ordinal);
    private HeldAnswer? _answer;
    private bool _delivered;

    /// <summary>Looks for an answer this question has got already.</summary>
    public async ValueTask<HeldAnswer?> TakeAsync(CancellationToken cancellationToken)
    {
        _answer = await answers.TakeAsync(key, cancellationToken);
        if (_answer is not null) _decided = _answer.Decided;
        return _answer;
    }

    /// <summary>Keeps an answer that is whole and has calls to wait for.</summary>
    public void Keep(byte[] message) => _answer ??= answers.Keep(key(), callId, message, _decided);

    /// <summary>What was decided about this call before its client went away.</summary>
    public Admission? DecisionOn(ToolUse use) => _decided.GetValueOrDefault(use.Id);

    public void Remember(ToolUse use, Admission admission) => _decided[use.Id] = admission;

    /// <summary>The client has its answer.</summary>
    public void Delivered() => _delivered = true;

    public void Dispose()
    {
        if (_answer is null) return;
        if (_delivered) answers.Delivered(_answer);
        else answers.Release(_answer);
    }
}
