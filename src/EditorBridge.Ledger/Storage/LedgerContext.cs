using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace EditorBridge.Ledger.Storage;

/// <summary>The ledger as EF Core reads it. Nothing is ever saved through it: appending is raw ADO in one place.</summary>
internal sealed class LedgerContext(DbContextOptions<LedgerContext> options) : DbContext(options)
{
    private static readonly ValueConverter<DateTimeOffset, long> Milliseconds = new(
        at => at.ToUnixTimeMilliseconds(), ms => DateTimeOffset.FromUnixTimeMilliseconds(ms));

    private static readonly ValueConverter<CallState, string> StateName = new(state => state.Name(), name => WireNames.ParseState(name));

    private static readonly ValueConverter<CallKind, string> KindName = new(kind => kind.Name(), name => WireNames.ParseKind(name));

    public DbSet<EntryRow> Entries => Set<EntryRow>();
    public DbSet<PayloadRow> Payloads => Set<PayloadRow>();
    public DbSet<PayloadTextRow> PayloadTexts => Set<PayloadTextRow>();
    public DbSet<CheckpointRow> Checkpoints => Set<CheckpointRow>();
    public DbSet<ReceiptRow> Receipts => Set<ReceiptRow>();
    public DbSet<HoldRow> Holds => Set<HoldRow>();
    public DbSet<AuditCall> Calls => Set<AuditCall>();
    public DbSet<RuleHitRow> RuleHits => Set<RuleHitRow>();
    public DbSet<AuditSession> Sessions => Set<AuditSession>();
    public DbSet<HourRow> Hours => Set<HourRow>();

    protected override void OnConfiguring(DbContextOptionsBuilder optionsBuilder) =>
        // The schema is SQL by hand (STRICT, triggers); a test compares it with this model instead of a snapshot.
        optionsBuilder.ConfigureWarnings(w => w.Ignore(RelationalEventId.PendingModelChangesWarning));

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<EntryRow>().ToTable("entries").HasKey(e => e.Sequence);
        modelBuilder.Entity<PayloadRow>().ToTable("payloads").HasKey(p => new { p.Sequence, p.Ordinal });
        modelBuilder.Entity<PayloadTextRow>().ToTable("payload_texts").HasKey(p => new { p.Sequence, p.Ordinal });
        modelBuilder.Entity<CheckpointRow>().ToTable("checkpoints").HasKey(c => c.Number);
        modelBuilder.Entity<ReceiptRow>().ToTable("receipts").HasKey(r => r.Number);
        modelBuilder.Entity<HoldRow>().ToTable("holds").HasKey(h => h.Id);
        modelBuilder.Entity<RuleHitRow>().ToTable("rule_hits").HasKey(r => new { r.Rule, r.FirstSequence });
        modelBuilder.Entity<AuditSession>().ToTable("sessions").HasKey(s => s.SessionId);
        modelBuilder.Entity<HourRow>().ToTable("hours").HasKey(h => new { h.Hour, h.Kind, h.State, h.Tool, h.Door, h.Model, h.Actor, h.Severity });
        modelBuilder.Entity<AuditCall>(call =>
        {
            call.ToTable("calls").HasKey(c => c.FirstSequence);
            call.Property(c => c.HeldMilliseconds).HasColumnName("held_ms");
            call.Property(c => c.DurationMilliseconds).HasColumnName("duration_ms");
        });
        foreach (var property in modelBuilder.Model.GetEntityTypes().SelectMany(type => type.GetProperties()))
        {
            if (property.GetColumnName() == property.Name)
            {
                property.SetColumnName(SnakeCase(property.Name));
            }
            property.ValueGenerated = Microsoft.EntityFrameworkCore.Metadata.ValueGenerated.Never;
        }
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<MillisecondsConverter>();
        configurationBuilder.Properties<CallState>().HaveConversion<StateConverter>();
        configurationBuilder.Properties<CallKind>().HaveConversion<KindConverter>();
    }

    private static string SnakeCase(string name) =>
        string.Concat(name.Select(static (c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c.ToString()));

    private sealed class MillisecondsConverter() : ValueConverter<DateTimeOffset, long>(Milliseconds.ConvertToProviderExpression, Milliseconds.ConvertFromProviderExpression);

    private sealed class StateConverter() : ValueConverter<CallState, string>(StateName.ConvertToProviderExpression, StateName.ConvertFromProviderExpression);

    private sealed class KindConverter() : ValueConverter<CallKind, string>(KindName.ConvertToProviderExpression, KindName.ConvertFromProviderExpression);
}
