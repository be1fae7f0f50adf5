namespace EditorBridge.Portal.Text;

/// <summary>
/// Names the portal's string resources. The key of a string is its English text, so English needs no file;
/// a translation is <c>Text/PortalText.de.resx</c> with those keys.
/// </summary>
public sealed class PortalText;
