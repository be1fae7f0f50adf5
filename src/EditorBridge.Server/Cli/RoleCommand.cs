using System.CommandLine;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge setup role</c>: prints the SQL of a role with only what agents need. A person reads it and runs it.</summary>
internal static class RoleCommand
{
    public static Command Build()
    {
        var role = new Option<string>("--role") { Description = "Name of the role.", DefaultValueFactory = _ => "EDITORBRIDGE_AGENT" };
        var user = new Option<string?>("--user") { Description = "User who gets it as default role." };
        var warehouse = new Option<string?>("--warehouse") { Description = "Warehouse for statements." };
        var databases = new Option<string[]>("--database") { Description = "Database agents may read; may be given several times.", DefaultValueFactory = _ => [] };
        var models = new Option<string[]>("--model") { Description = "Model to allow, by the account's name; may be given several times.", DefaultValueFactory = _ => [] };
        var reconcile = new Option<bool>("--reconcile") { Description = "Also let it read the account's records of use." };
        var command = new Command("role", "Print the SQL of a role with only what agents need. Nothing is run.") { role, user, warehouse, databases, models, reconcile };
        command.SetAction(parsed =>
        {
            Console.Write(RoleScript.Write(new RoleWish(
                parsed.GetValue(role)!, parsed.GetValue(user), parsed.GetValue(warehouse), parsed.GetValue(databases)!, parsed.GetValue(models)!, parsed.GetValue(reconcile))));
            return 0;
        });
        return command;
    }
}
