using System.Collections.Immutable;
using System.Text.Json;
using EditorBridge.Portal.Security;

namespace EditorBridge.Portal.Reading;

/// <param name="Query">The view's address inside the portal: <c>calls?q=…</c>.</param>
public sealed record SavedView(string Name, string Owner, string Query);

/// <summary>Named addresses that everybody who signs in can use. They hold no records, only filters.</summary>
public sealed class SavedViews(PortalState state)
{
    private const int Most = 200;
    private readonly Lock _lock = new();

    /// <summary>Views every portal has.</summary>
    public static readonly ImmutableArray<SavedView> BuiltIn =
    [
        new("Rejected and refused", "", "calls?q=kind%3Aaction%20state%3Arejected%2Crefused%2Cexpired&range=30d"),
        new("Critical risk", "", "calls?q=risk%3Acritical&range=90d"),
        new("Edited by a reviewer", "", "calls?q=state%3Aedited&range=90d"),
        new("Outcome unknown", "", "calls?q=state%3Aunknown&range=1y"),
        new("Failed requests", "", "calls?q=kind%3Arequest%20state%3Afailed&range=7d"),
    ];

    /// <exception cref="PortalStateException">The file is readable by others.</exception>
    public ImmutableArray<SavedView> All()
    {
        lock (_lock)
        {
            return Read();
        }
    }

    /// <summary>Saves a view; one of the same owner and name is replaced. Null when it was saved, else why not.</summary>
    public string? Save(SavedView view)
    {
        if (string.IsNullOrWhiteSpace(view.Name) || view.Name.Length > 80) return "A view needs a name of at most 80 characters.";
        // Only addresses of this page: a saved view must not lead anywhere else.
        if (!view.Query.StartsWith("calls?", StringComparison.Ordinal)) return "Only views of calls can be saved.";
        lock (_lock)
        {
            var others = Read().RemoveAll(other => other.Name == view.Name && other.Owner == view.Owner);
            if (others.Length >= Most) return $"There are {Most} saved views already. Delete one first.";
            Write(others.Add(view));
            return null;
        }
    }

    /// <summary>Deletes a view of this owner.</summary>
    public void Delete(string owner, string name)
    {
        lock (_lock)
        {
            Write(Read().RemoveAll(view => view.Owner == owner && view.Name == name));
        }
    }

    private ImmutableArray<SavedView> Read()
    {
        try
        {
            return PortalState.ReadPrivate(state.ViewsFile) is { } json
                ? JsonSerializer.Deserialize<ImmutableArray<SavedView>>(json, JsonSerializerOptions.Web)
                : [];
        }
        catch (JsonException e)
        {
            throw new PortalStateException($"{state.ViewsFile} is damaged: {e.Message} Delete it to begin with no saved views.", e);
        }
    }

    private void Write(ImmutableArray<SavedView> views) => PortalState.WritePrivate(state.ViewsFile, JsonSerializer.Serialize(views, JsonSerializerOptions.Web));
}
