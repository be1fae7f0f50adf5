using System.Text.Json.Serialization;

namespace EditorBridge.Ide;

[JsonSerializable(typeof(IdeLockFile.Content))]
internal sealed partial class IdeJson : JsonSerializerContext;
