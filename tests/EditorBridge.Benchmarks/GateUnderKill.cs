using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Policy;
using EditorBridge.Review;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Benchmarks;

/// <summary>
/// A door that is going to be killed: asks the gate for one write, answers the review as a person would, and writes the file when the gate has released it.
/// The product's own seams count the steps (each look at the clock, each timer, each log line is one), and the process kills itself at the step it was told.
/// </summary>
internal static class GateUnderKill
{
    /// <param name="folder">Holds <c>state</c> and <c>project</c>; the action writes <c>project/action.sql</c>.</param>
    /// <param name="scenario"><c>allow</c>: policy lets it run; <c>edit</c>: a person approves a text of their own.</param>
    /// <param name="step">The step to die at, from 1; 0 runs to the end and prints how many there were.</param>
    public static async Task<int> RunAsync(string folder, string scenario, string step)
    {
        var steps = new Steps(int.Parse(step, CultureInfo.InvariantCulture));
        var state = StateFolder.Open(Path.Combine(folder, "state"));
        var file = Path.Combine(folder, "project", "action.sql");
        var loggers = new StepLoggers(steps);
        await using var ledger = LedgerWriter.Open(new LedgerOptions { Folder = state.LedgerFolder }, steps, loggers);
        using var grants = new SessionGrants(ledger, steps, NullLogger<SessionGrants>.Instance);
        await using var desk = new ReviewDesk(ledger, grants, steps, new Logger<ReviewDesk>(loggers));
        using var sessions = new AgentSessions(steps);
        var gate = new ActionGate(ledger, desk, new PolicyInForce(ledger), new AdmittedCalls(), sessions, grants, new ConnectedTools(), new SessionTaints(steps), new TagReader(null, new GateContext("sandbox", null, null), steps, new Logger<TagReader>(loggers)), new GateContext("sandbox", null, null), steps, new Logger<ActionGate>(loggers));
        desk.JudgeEditAsync = gate.JudgeEditAsync;
        desk.Opened += item => _ = AnswerAsync(desk, item);

        steps.Arm();
        var admission = await gate.AdmitAsync(Ask(folder, file, scenario), CancellationToken.None);
        steps.Pass();
        if (!admission.IsReleased) throw new InvalidOperationException(admission.Reason);
        using var input = JsonDocument.Parse(admission.Input);
        // Whole or not at all: the host's other threads take steps too.
        await File.WriteAllTextAsync(file + ".new", input.RootElement.GetProperty("content").GetString());
        File.Move(file + ".new", file);
        steps.Pass();
        Console.WriteLine(steps.Disarm());
        return 0;
    }

    private static ActionRequest Ask(string folder, string file, string scenario)
    {
        var content = scenario == "allow" ? "select 1 as one;\n" : "drop table raw.orders;\n";
        return new ActionRequest
        {
            Door = Door.Hook,
            Tool = "Write",
            Input = ToolInput.TryCanonical("Write", JsonSerializer.SerializeToElement(new { file_path = file, content }), out _)!,
            ToolUseId = "toolu_killed",
            SessionId = "session-killed",
            Actor = "agent:test",
            Workspace = Path.Combine(folder, "project"),
        };
    }

    private static async Task AnswerAsync(ReviewDesk desk, ReviewItem item)
    {
        await Task.Yield();
        await desk.GiveAsync(item.Id, new Verdict(VerdictKind.ApproveEdited, "alice", "portal", "Count first.", "select count(*) from raw.orders;\n"));
    }

    /// <summary>The clock, which counts how often it is looked at.</summary>
    private sealed class Steps(int last) : TimeProvider
    {
        private int _passed;
        private volatile bool _armed;

        public void Arm() => _armed = true;

        public int Disarm()
        {
            _armed = false;
            return _passed;
        }

        public void Pass()
        {
            if (!_armed || Interlocked.Increment(ref _passed) != last) return;
            using var self = Process.GetCurrentProcess();
            self.Kill();
            self.WaitForExit();
        }

        public override DateTimeOffset GetUtcNow()
        {
            Pass();
            return base.GetUtcNow();
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Pass();
            return new StepTimer(base.CreateTimer(callback, state, dueTime, period), this);
        }
    }

    private sealed class StepTimer(ITimer timer, Steps steps) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

        public void Dispose()
        {
            steps.Pass();
            timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            steps.Pass();
            return timer.DisposeAsync();
        }
    }

    private sealed class StepLoggers(Steps steps) : ILoggerFactory, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
            // Nobody reads these lines; that they are written is the step.
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => steps.Pass();

        public void Dispose()
        {
            // Holds nothing.
        }
    }
}
