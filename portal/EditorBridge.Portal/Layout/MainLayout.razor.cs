using EditorBridge.Portal.Controls;
using EditorBridge.Portal.Reading;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.JSInterop;
using MudBlazor;

namespace EditorBridge.Portal.Layout;

public enum ThemeChoice
{
    System,
    Light,
    Dark,
}

/// <summary>The frame around every page: menu, host state, theme and the person's menu.</summary>
public sealed partial class MainLayout
{
    private readonly MudTheme _theme = PortalTheme.Create();
    private MudThemeProvider? _themeProvider;
    private ErrorBoundary? _boundary;
    private Viewer _viewer = Viewer.Nobody;
    private ThemeChoice _choice;
    private bool _dark;
    private bool _drawer = true;
    private bool _ready;

    private string Initial => _viewer.Person.Length > 0 ? _viewer.Person[..1].ToUpperInvariant() : "?";

    private string ThemeIcon => IconOf(_choice);

    public void Dispose() => Host.Changed -= OnHostChanged;

    protected override async Task OnInitializedAsync()
    {
        Host.Changed += OnHostChanged;
        _viewer = await Viewers.GetAsync();
    }

    protected override void OnParametersSet() => _boundary?.Recover();

    // Pages are drawn once the browser has told its time zone and theme, so that nothing jumps.
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender) return;
        var browser = await Js.InvokeAsync<BrowserFacts>("editorBridge.start");
        Clock.Use(browser.TimeZone ?? "UTC", browser.OffsetMinutes);
        _choice = Enum.TryParse<ThemeChoice>(browser.Theme, ignoreCase: true, out var choice) ? choice : ThemeChoice.System;
        await ApplyThemeAsync();
        if (_themeProvider is not null) await _themeProvider.WatchSystemDarkModeAsync(OnSystemThemeAsync);
        _ready = true;
        StateHasChanged();
    }

    private async Task ChooseThemeAsync(ThemeChoice choice)
    {
        _choice = choice;
        await Js.InvokeVoidAsync("editorBridge.keepTheme", choice.ToString());
        await ApplyThemeAsync();
    }

    private async Task ApplyThemeAsync()
    {
        _dark = _choice switch
        {
            ThemeChoice.Light => false,
            ThemeChoice.Dark => true,
            _ => _themeProvider is not null && await _themeProvider.GetSystemDarkModeAsync(),
        };
        await Js.InvokeVoidAsync("editorBridge.showTheme", _dark);
    }

    private async Task OnSystemThemeAsync(bool dark)
    {
        if (_choice != ThemeChoice.System) return;
        _dark = dark;
        await Js.InvokeVoidAsync("editorBridge.showTheme", _dark);
        StateHasChanged();
    }

    private void OnHostChanged() => InvokeAsync(StateHasChanged);

    private string Explain(Exception error) => error switch
    {
        NotAllowedException => error.Message,
        EditorBridge.Ledger.LedgerUnreadableException or EditorBridge.Ledger.LedgerQueryTimeoutException => error.Message,
        _ => T["Something unexpected happened; the portal's log has the details. Nothing was changed. Recording is not affected: the portal only reads."],
    };

    private string NameOf(ThemeChoice choice) => choice switch
    {
        ThemeChoice.Light => T["Light"],
        ThemeChoice.Dark => T["Dark"],
        _ => T["Like the system"],
    };

    private static string IconOf(ThemeChoice choice) => choice switch
    {
        ThemeChoice.Light => Icons.Material.Outlined.LightMode,
        ThemeChoice.Dark => Icons.Material.Outlined.DarkMode,
        _ => Icons.Material.Outlined.Contrast,
    };

    /// <summary>What the browser tells when it starts. OffsetMinutes is minutes east of UTC, now.</summary>
    public sealed record BrowserFacts(string? TimeZone, int OffsetMinutes, string? Theme);
}
