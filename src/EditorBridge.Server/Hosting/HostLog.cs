using System.Net.Sockets;
using EditorBridge.Cli;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace EditorBridge.Hosting;

/// <summary>The host's log lines. Names of tools and files in them were written by agents, so what a terminal would act on is shown by its code point.</summary>
internal sealed class HostLog(TimeProvider time) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "editorbridge";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        // The command says that in a line, with whose port it is.
        if (IsPortTaken(logEntry.Exception)) return;
        var text = logEntry.Formatter(logEntry.State, logEntry.Exception);
        if (logEntry.Exception is { } exception) text += " " + exception;
        textWriter.WriteLine($"{time.GetLocalNow():HH:mm:ss} {Level(logEntry.LogLevel)}: {logEntry.Category}[{logEntry.EventId.Id}] {TerminalText.Line(text)}");
    }

    /// <summary>Why a host did not start that wanted a port which another program has.</summary>
    public static bool IsPortTaken(Exception? exception) => exception is IOException { InnerException: AddressInUseException or SocketException };

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        LogLevel.Critical => "crit",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "A level without a name."),
    };
}
