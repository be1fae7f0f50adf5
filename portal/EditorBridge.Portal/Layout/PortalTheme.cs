using MudBlazor;

namespace EditorBridge.Portal.Layout;

/// <summary>
/// Colours, type and density. Meaning has fixed colours in portal.css (--eb-allow, --eb-held, --eb-refused …), each with at least
/// 4.5:1 against its background in both modes; the library's own palette is used for controls only. No web font: no request leaves the machine.
/// </summary>
public static class PortalTheme
{
    private static readonly string[] Sans =
        ["Inter", "Segoe UI Variable Text", "Segoe UI", "-apple-system", "BlinkMacSystemFont", "Roboto", "Helvetica Neue", "Arial", "sans-serif"];

    public static MudTheme Create() => new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#2f55c8",
            PrimaryContrastText = "#ffffff",
            Secondary = "#56617a",
            Success = "#17703f",
            Warning = "#8a5a00",
            Error = "#b3261e",
            Info = "#1f5fa8",
            Background = "#f5f6f9",
            Surface = "#ffffff",
            AppbarBackground = "#ffffff",
            AppbarText = "#1a2233",
            DrawerBackground = "#fbfbfd",
            DrawerText = "#3a4560",
            DrawerIcon = "#56617a",
            TextPrimary = "#1a2233",
            TextSecondary = "#56617a",
            TextDisabled = "#8b94a7",
            ActionDefault = "#56617a",
            Divider = "#e2e5ec",
            LinesDefault = "#e2e5ec",
            LinesInputs = "#b9c0ce",
            TableLines = "#e8eaf0",
            TableHover = "#f2f5fc",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#93b1ff",
            PrimaryContrastText = "#0d1524",
            Secondary = "#a2adc2",
            Success = "#66d19a",
            Warning = "#f0b955",
            Error = "#ff8d85",
            Info = "#84bfff",
            Background = "#0e131b",
            Surface = "#151c27",
            AppbarBackground = "#111823",
            AppbarText = "#e5eaf3",
            DrawerBackground = "#111823",
            DrawerText = "#c4cddd",
            DrawerIcon = "#93a0b8",
            TextPrimary = "#e5eaf3",
            TextSecondary = "#a2adc2",
            TextDisabled = "#6d788e",
            ActionDefault = "#a2adc2",
            Divider = "#263143",
            LinesDefault = "#263143",
            LinesInputs = "#44516a",
            TableLines = "#202a3a",
            TableHover = "#1b2534",
        },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Sans, FontSize = "0.8125rem", LineHeight = "1.5", LetterSpacing = "normal" },
            H1 = new H1Typography { FontFamily = Sans, FontSize = "1.0625rem", FontWeight = "600", LineHeight = "1.3", LetterSpacing = "-0.01em" },
            H2 = new H2Typography { FontFamily = Sans, FontSize = "0.8125rem", FontWeight = "600", LineHeight = "1.4", LetterSpacing = "normal" },
            Body1 = new Body1Typography { FontFamily = Sans, FontSize = "0.8125rem", LineHeight = "1.5", LetterSpacing = "normal" },
            Body2 = new Body2Typography { FontFamily = Sans, FontSize = "0.8125rem", LineHeight = "1.5", LetterSpacing = "normal" },
            Button = new ButtonTypography { FontFamily = Sans, FontSize = "0.8125rem", FontWeight = "550", TextTransform = "none", LetterSpacing = "normal" },
            Caption = new CaptionTypography { FontFamily = Sans, FontSize = "0.75rem", LetterSpacing = "normal" },
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "6px", AppbarHeight = "52px", DrawerWidthLeft = "216px" },
    };
}
