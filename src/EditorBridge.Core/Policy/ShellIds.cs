using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>The ids of what can be remarkable in a shell command. Stable: policies and records name them. docs/policy.md lists them for people.</summary>
public static class ShellIds
{
    public const string Unreadable = "sh.unreadable";
    public const string DynamicProgram = "sh.dynamic-program";
    public const string UnknownProgram = "sh.unknown-program";
    public const string DynamicTarget = "sh.dynamic-target";
    public const string Privilege = "sh.privilege";
    public const string PipeToInterpreter = "sh.pipe-to-interpreter";
    public const string InlineCode = "sh.inline-code";
    public const string Delete = "sh.delete";
    public const string DeleteAll = "sh.delete-all";
    public const string History = "sh.history";
    public const string Publish = "sh.publish";
    public const string Upload = "sh.upload";
    public const string Remote = "sh.remote";
    public const string Secrets = "sh.secrets";
    public const string Agent = "sh.agent";
    public const string Persist = "sh.persist";
    public const string System = "sh.system";
    public const string Environment = "sh.environment";
    public const string GitConfig = "sh.git-config";
    public const string Snowflake = "sh.snowflake";
    public const string SqlRun = "sh.sql-run";
    public const string SqlNotSeen = "sh.sql-not-seen";
    public const string Self = "sh.self";
    public const string SelfRead = "sh.self-read";

    /// <summary>Every id, in the order of docs/policy.md.</summary>
    public static ImmutableArray<string> All { get; } =
    [
        Self, SelfRead, DeleteAll, Unreadable, DynamicProgram, UnknownProgram, DynamicTarget, Privilege, PipeToInterpreter, InlineCode, Delete, History, Publish, Upload, Remote, Secrets, Agent, Persist,
        System, Environment, GitConfig, Snowflake, SqlRun, SqlNotSeen,
    ];

    internal static Severity SeverityOf(string id) => id switch
    {
        Self or DeleteAll => Severity.Critical,
        Privilege or PipeToInterpreter or Upload or Secrets or Persist or Environment or System => Severity.High,
        UnknownProgram or SelfRead => Severity.Low,
        _ => Severity.Medium,
    };
}
