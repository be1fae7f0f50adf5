using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Setup;

/// <summary>What stands in another program's file where our member belongs.</summary>
internal enum MemberState
{
    Missing,
    /// <summary>As we would write it.</summary>
    Ours,
    /// <summary>Something else.</summary>
    Different,
}

/// <summary>One member of another program's JSON file that we install, check and take out. Everything else in the file is left as it is.</summary>
/// <param name="Program">For people: whose file it is.</param>
/// <param name="At">The member's place, names from the outside in.</param>
internal sealed record ForeignMember(string Program, string File, IReadOnlyList<string> At, JsonNode Value)
{
    /// <summary>For people: the member's name without its file.</summary>
    public string Name => string.Join('.', At);

    /// <exception cref="SetupException">The file cannot be read.</exception>
    public MemberState State() => JsonText.Find(Read(), At) switch
    {
        null => MemberState.Missing,
        var found => JsonNode.DeepEquals(found, Value) ? MemberState.Ours : MemberState.Different,
    };

    /// <summary>Writes the member. False when it stood there already.</summary>
    /// <exception cref="SetupException">The file cannot be read or written; it is as it was.</exception>
    public bool Install()
    {
        if (State() == MemberState.Ours) return false;
        Edit(text => JsonText.Set(text, At, Value));
        return true;
    }

    /// <summary>Takes the member out, also when somebody changed it: it has our name. False when there was none.</summary>
    /// <exception cref="SetupException">The file cannot be read or written; it is as it was.</exception>
    public bool Remove()
    {
        if (State() == MemberState.Missing) return false;
        Edit(text => JsonText.Remove(text, At));
        return true;
    }

    private string Read()
    {
        try
        {
            var text = System.IO.File.Exists(File) ? System.IO.File.ReadAllText(File) : "";
            JsonText.Parse(text);
            return text;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{File} cannot be read: {e.Message} Nothing was changed in it; mend or move the file and run the command again.");
        }
    }

    private void Edit(Func<string, string> edit)
    {
        try
        {
            var edited = edit(Read());
            // A file that is a link to another, as people who keep their settings in a repository have them, stays one.
            var file = System.IO.File.Exists(File) && System.IO.File.ResolveLinkTarget(File, returnFinalTarget: true) is { } target ? target.FullName : File;
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            var draft = file + ".editorbridge.tmp";
            System.IO.File.WriteAllText(draft, edited);
            if (!OperatingSystem.IsWindows() && System.IO.File.Exists(file)) System.IO.File.SetUnixFileMode(draft, System.IO.File.GetUnixFileMode(file));
            System.IO.File.Move(draft, file, overwrite: true);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{File} cannot be changed: {e.Message} It is as it was.");
        }
    }
}
