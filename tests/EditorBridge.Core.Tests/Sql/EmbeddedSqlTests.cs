using EditorBridge.Sql;

namespace EditorBridge.Tests.Sql;

public sealed class EmbeddedSqlTests
{
    [Theory]
    [InlineData("snow sql -q 'SELECT 1'", 1, Effect.Allow)]
    [InlineData("snow sql -q 'DROP DATABASE d'", 1, Effect.Deny)]
    [InlineData("snow --config-file=x sql --query=\"DROP TABLE t\"", 1, Effect.Review)]
    [InlineData("sudo -u me env A=1 /usr/bin/snow sql -q'DROP TABLE t'", 1, Effect.Review)]
    [InlineData("snow sql -q \"SELECT * FROM $TABLE\"", 1, Effect.Review)]
    [InlineData("snow sql -q \"SELECT $(cat x)\"", 1, Effect.Review)]
    [InlineData("snow sql -f deploy.sql", 1, Effect.Review)]
    [InlineData("snow sql -i <<'EOF'\nSELECT 1;\nDROP SCHEMA s;\nEOF\n", 1, Effect.Deny)]
    [InlineData("snowsql <<EOF\nSELECT 1;\nSELECT 2\nEOF", 1, Effect.Allow)]
    [InlineData("snowsql -o output_file=x.csv -q 'SELECT 1'", 2, Effect.Review)]
    [InlineData("snowsql <<< 'TRUNCATE TABLE t'", 1, Effect.Review)]
    [InlineData("echo 'SELECT 1' | snow sql -i", 1, Effect.Allow)]
    [InlineData("echo 'GRANT ROLE ACCOUNTADMIN TO USER x' | snowsql -a acc", 1, Effect.Deny)]
    [InlineData("cat drop.sql | snow sql -i", 1, Effect.Review)]
    [InlineData("make sql | snow sql --stdin", 1, Effect.Review)]
    [InlineData("snow sql < drop.sql", 1, Effect.Review)]
    [InlineData("bash -c \"snow sql -q 'DROP USER u'\"", 1, Effect.Deny)]
    [InlineData("x=$(snow sql -q 'DROP ROLE r')", 1, Effect.Deny)]
    [InlineData("cd /tmp && ls; uv run snow sql -q 'SELECT 1'", 1, Effect.Allow)]
    [InlineData("python -c \"import s; s.sql('DROP TABLE t').collect()\"", 1, Effect.Review)]
    [InlineData("python3 - <<'EOF'\ncur.execute('''GRANT OWNERSHIP ON TABLE t TO ROLE r''')\nEOF", 1, Effect.Deny)]
    [InlineData("curl -X POST https://x.snowflakecomputing.com/api/v2/statements -d '{\"statement\":\"DROP TABLE t\"}'", 1, Effect.Review)]
    [InlineData("snow object drop database prod", 1, Effect.Deny)]
    [InlineData("snow stage copy @s/x ./out", 1, Effect.Deny)]
    [InlineData("snow dcm deploy db.s.p", 1, Effect.Review)]
    [InlineData("grep -r 'DROP TABLE' src | head", 0, Effect.Allow)]
    [InlineData("snow connection test", 0, Effect.Allow)]
    public void Shell_command_is_read(string command, int pieces, Effect effect) => Check(EmbeddedSql.InShell(command), pieces, effect);

    [Theory]
    [InlineData("session.sql('SELECT 1').show()", 1, Effect.Allow)]
    [InlineData("session.sql(\"DROP TABLE t\").collect()", 1, Effect.Review)]
    [InlineData("q = '''\nDELETE FROM t\n'''\ncur.execute(q)", 1, Effect.Review)]
    [InlineData("cur.execute(f'SELECT * FROM {table}')", 1, Effect.Review)]
    [InlineData("cur.execute('SELECT * FROM t WHERE a = %s AND b = %(b)s', (1,))", 1, Effect.Allow)]
    [InlineData("cur.execute('SELECT * FROM ' + name)", 1, Effect.Review)]
    [InlineData("cur.execute('SELECT a '\n            'FROM t')", 1, Effect.Allow)]
    [InlineData("cur.execute('DROP {} t'.format(kind))", 1, Effect.Review)]
    [InlineData("cur.execute(build())", 1, Effect.Review)]
    [InlineData("# session.sql('DROP TABLE t')\nprint(\"session.sql('DROP TABLE t')\")", 0, Effect.Allow)]
    [InlineData("conn.execute(text('SELECT 1'))", 1, Effect.Allow)]
    [InlineData("button.text('Drop table')", 0, Effect.Allow)]
    public void Python_file_is_read(string code, int pieces, Effect effect) => Check(EmbeddedSql.InFile("app/main.py", code), pieces, effect);

    [Theory]
    [InlineData("os.system(\"snow sql -q 'drop database prod'\")", 1, Effect.Deny)]
    [InlineData("subprocess.run(['snow', 'sql', '-q', 'drop database prod'], check=True)", 1, Effect.Deny)]
    [InlineData("subprocess.check_output([\n  'snowsql',  # the client\n  '-q', \"select 'a' from t\"\n])", 1, Effect.Allow)]
    [InlineData("subprocess.run(['snow', 'sql', '-q', query])", 1, Effect.Review)]
    [InlineData("subprocess.run(['snow', 'sql', '-q', f'drop table {name}'])", 1, Effect.Review)]
    [InlineData("subprocess.run(['git', 'status'])  # snow", 0, Effect.Allow)]
    public void Shell_started_by_Python_is_read(string code, int pieces, Effect effect) => Check(EmbeddedSql.InFile("deploy.py", code), pieces, effect);

    [Theory]
    [InlineData("{\"cells\":[{\"cell_type\":\"code\",\"metadata\":{\"language\":\"sql\"},\"source\":[\"DROP TABLE t\"]}]}", 1, Effect.Review)]
    [InlineData("{\"cells\":[{\"cell_type\":\"code\",\"source\":\"%%sql\\nSELECT 1\"},{\"cell_type\":\"markdown\",\"source\":\"DROP TABLE t\"}]}", 1, Effect.Allow)]
    [InlineData("{\"cells\":[{\"cell_type\":\"code\",\"source\":[\"session.sql('SELECT 1')\\n\",\"session.sql('DROP DATABASE d')\"]}]}", 2, Effect.Deny)]
    [InlineData("{\"cells\":[{\"cell_type\":\"code\",\"source\":\"!snow sql -q 'DROP USER u'\"}]}", 1, Effect.Deny)]
    [InlineData("{not json", 1, Effect.Review)]
    public void Notebook_is_read(string text, int pieces, Effect effect) => Check(EmbeddedSql.InFile("a.ipynb", text), pieces, effect);

    [Theory]
    [InlineData("select * from {{ ref('orders') }}", Effect.Review)]
    [InlineData("{{ config(materialized='table', post_hook=\"GRANT OWNERSHIP ON TABLE x TO ROLE r\") }} select 1 as a", Effect.Deny)]
    [InlineData("{% set t = 'DROP SCHEMA s' %}{{ t }}", Effect.Deny)]
    [InlineData("{% do run_query('DROP USER u') %} select 1", Effect.Deny)]
    [InlineData("select 1 -- {{ no template in a comment is harmless }}", Effect.Review)]
    public void Model_without_its_project_is_never_allowed(string model, Effect effect) => Assert.Equal(effect, EmbeddedSql.InFile("models/a.sql", model).Max(piece => piece.Analysis.Effect));

    [Fact]
    public void Hook_that_names_the_model_itself_leaves_the_model_readable()
    {
        var context = new SqlContext { Models = SqlContext.Empty.Models.Add("orders", "RAW.SALES.ORDERS").Add("this", "MARTS.DAILY") };
        const string Model = "{{ config(materialized='table', post_hook=\"grant select on {{ this }} to role analyst\") }}\nselect id from {{ ref('orders') }}";

        var pieces = EmbeddedSql.InFile("m.sql", Model, context);
        Assert.Equal([("SELECT from RAW.SALES.ORDERS", Effect.Allow), ("GRANT", Effect.Review)], pieces.Select(piece => (piece.Analysis.Statements[0].Title.Split(' ')[0] == "SELECT" ? piece.Analysis.Statements[0].Title : "GRANT", piece.Analysis.Effect)));
        Assert.Contains("MARTS.DAILY", pieces[1].Analysis.Statements[0].Objects.Select(o => o.Name));

        // Without the project the model stays a template, and is read as one.
        var alone = EmbeddedSql.InFile("m.sql", Model);
        Assert.Equal((StatementClass.Read, Effect.Review), (alone[0].Analysis.Statements[0].Class, alone[0].Analysis.Effect));
    }

    [Theory]
    [InlineData("{{ \"}} ; drop database prod; {{\" }}", Effect.Deny)]
    [InlineData("{{ 'never closed }} ; drop database prod", Effect.Deny)]
    [InlineData("{% set x = \"%} ; drop database prod; {%\" %}{{ x }}", Effect.Deny)]
    public void Tag_that_hides_its_end_hides_no_statement(string model, Effect effect) => Assert.Equal(effect, EmbeddedSql.InFile("models/a.sql", model).Max(piece => piece.Analysis.Effect));

    [Fact]
    public void Model_is_rendered_from_what_the_project_says()
    {
        var context = new SqlContext { Models = SqlContext.Empty.Models.Add("orders", "RAW.SALES.ORDERS").Add("src.items", "RAW.SALES.ITEMS"), TemplateVariables = SqlContext.Empty.TemplateVariables.Add("days", "7") };
        var piece = Assert.Single(EmbeddedSql.InFile("m.sql", "{{ config(materialized='view') }}\nselect * from {{ ref('orders') }} o join {{ source('src', 'items') }} i on o.id = i.id where d > {{ var('days') }}", context));
        Assert.False(piece.Dynamic);
        Assert.Equal(Effect.Allow, piece.Analysis.Effect);
        Assert.Equal(["RAW.SALES.ORDERS", "RAW.SALES.ITEMS"], piece.Analysis.Statements[0].Objects.Select(o => o.Name));
    }

    [Fact]
    public void Hooks_of_a_dbt_project_file_are_read()
    {
        var pieces = EmbeddedSql.InFile("dbt_project.yml", "name: shop\non-run-end:\n  - \"GRANT SELECT ON ALL TABLES IN SCHEMA s TO ROLE PUBLIC\"\nmodels:\n  +materialized: table\n");
        Check(pieces, 1, Effect.Deny);
    }

    [Theory]
    [InlineData("README.md", "DROP TABLE t")]
    [InlineData("config.yml", "title: DROP TABLE t")]
    [InlineData("noextension", "DROP TABLE t")]
    public void File_of_a_kind_without_sql_has_no_pieces(string path, string text) => Assert.Empty(EmbeddedSql.InFile(path, text));

    private static void Check(IReadOnlyCollection<SqlPiece> pieces, int count, Effect effect)
    {
        Assert.Equal(count, pieces.Count);
        Assert.Equal(effect, pieces.Count == 0 ? Effect.Allow : pieces.Max(piece => piece.Analysis.Effect));
        Assert.All(pieces, piece => Assert.False(piece.Dynamic && piece.Analysis.Effect == Effect.Allow));
    }
}
