namespace EditorBridge.Sandbox;

/// <summary>How one sandbox account behaves.</summary>
public sealed record SandboxOptions
{
    /// <summary>Loopback port; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Where the account's PAT is written, readable by its owner only; null writes none.</summary>
    public string? PatFile { get; init; }

    /// <summary>How long a usage row stays invisible, as in a real account's views (there up to 45 minutes).</summary>
    public TimeSpan UsageDelay { get; init; } = TimeSpan.Zero;

    /// <summary>One gap of the scenario <c>slow</c>, standing for more than a minute.</summary>
    public TimeSpan SlowGap { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long the SQL API waits for a statement before it answers 202.</summary>
    public TimeSpan SqlSyncWait { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Rows of a result in one partition.</summary>
    public int SqlPartitionRows { get; init; } = 1000;

    /// <summary>How long an OAuth access token lives; a real account allows 60 to 3600 seconds.</summary>
    public TimeSpan OAuthAccessLife { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>Where a PAT of the administrator ADMIN is written; null writes none.</summary>
    public string? AdminPatFile { get; init; }

    /// <summary>The account's clock: cache lifetime, expiry, delays.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
