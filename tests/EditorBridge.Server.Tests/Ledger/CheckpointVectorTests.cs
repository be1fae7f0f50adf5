using System.Text.Json.Nodes;
using EditorBridge.Ledger;

namespace EditorBridge.Server.Tests.Ledger;

public class CheckpointVectorTests
{
    [Fact]
    public void Checkpoints_agree_with_the_vectors()
    {
        JsonNode vectors = JsonNode.Parse(File.ReadAllText(Path.Combine(SourceTree.Root, "tests/vectors/audit/checkpoints.json")))!;
        using CheckpointKey key = CheckpointKey.FromPublicPem(vectors["publicKey"]!.GetValue<string>());

        foreach (JsonNode? vector in vectors["notes"]!.AsArray())
        {
            bool valid = CheckpointNote.TryParse(vector!["note"]!.GetValue<string>(), out CheckpointNote? note) && key.Verifies(note);
            Assert.Equal((vector["name"]!.GetValue<string>(), vector["valid"]!.GetValue<bool>()), (vector["name"]!.GetValue<string>(), valid));
        }
    }
}
