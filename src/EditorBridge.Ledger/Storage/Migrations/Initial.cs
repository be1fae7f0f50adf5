using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace EditorBridge.Ledger.Storage.Migrations;

[DbContext(typeof(LedgerContext))]
[Migration("20260301000000_Initial")]
internal sealed class Initial : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.Sql(LedgerSchema.Chain);
        migrationBuilder.Sql(LedgerSchema.Guards);
        migrationBuilder.Sql(LedgerSchema.Projection);
    }
}
