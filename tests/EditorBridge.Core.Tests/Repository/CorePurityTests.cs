using System.Reflection;

namespace EditorBridge.Repository;

/// <summary>Core takes values and returns values. The analyzer says so while typing; these tests look at what was compiled.</summary>
public sealed class CorePurityTests
{
    private static readonly Assembly Core = typeof(Sql.SqlAnalyzer).Assembly;

    private static readonly string[] AllowedAssemblies =
    [
        "System.Runtime", "System.Collections", "System.Collections.Immutable", "System.Collections.Frozen", "System.Collections.Concurrent", "System.Linq",
        "System.Memory", "System.ObjectModel", "System.Text.Json", "System.Text.RegularExpressions", "System.Text.Encodings.Web", "System.Text.Encoding.Extensions",
        "System.Security.Cryptography", "System.Runtime.InteropServices", "System.Runtime.Numerics", "System.Runtime.Extensions",
    ];

    [Fact]
    public void Core_references_only_assemblies_without_surroundings()
    {
        var breaches = Core.GetReferencedAssemblies().NotEmpty("referenced assembly").Select(name => name.Name!).Except(AllowedAssemblies);
        Rule.Holds(breaches, "Core does no I/O and has no package. Move the code to a room outside Core; a pure assembly may be added to the list in this test:");
    }

    [Fact]
    public void Core_calls_nothing_on_its_banned_list()
    {
        var banned = RepositoryFiles.Lines("src/EditorBridge.Core/BannedSymbols.txt").Select(Banned.Parse).NotEmpty("banned symbol");
        var breaches =
            from type in Core.GetTypes()
            from used in Uses(type)
            from ban in banned
            where ban.Covers(used) && !IsCompilersOwn(used)
            select $"{type.FullName} uses {used.DeclaringType?.FullName}{(used.DeclaringType is null ? "" : ".")}{used.Name}: {ban.Reason}";
        Rule.Holds(breaches.Distinct(), "Core must not use these; pass the value in instead:");
    }

    [Fact]
    public void The_banned_list_is_wired_as_an_error()
    {
        var project = RepositoryFiles.Read("src/EditorBridge.Core/EditorBridge.Core.csproj");
        Assert.Contains("""<AdditionalFiles Include="BannedSymbols.txt" />""", project, StringComparison.Ordinal);
        Assert.DoesNotContain("PackageReference", project, StringComparison.Ordinal);
        Assert.Contains("dotnet_diagnostic.RS0030.severity = error", RepositoryFiles.Read(".editorconfig"), StringComparison.Ordinal);
        Assert.Contains("Microsoft.CodeAnalysis.BannedApiAnalyzers", RepositoryFiles.Read("Directory.Build.props"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("N:System.IO;no I/O", typeof(FileStream), true)]
    [InlineData("N:System.IO;no I/O", typeof(string), false)]
    [InlineData("T:System.Random;no chance", typeof(Random), true)]
    [InlineData("T:System.Random;no chance", typeof(System.Security.Cryptography.RandomNumberGenerator), false)]
    public void A_ban_covers_what_it_names_and_nothing_else(string line, Type type, bool covered) =>
        Assert.Equal(covered, Banned.Parse(line).Covers(type));

    private static IEnumerable<MemberInfo> Uses(Type type)
    {
        const BindingFlags All = BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;
        var inCode = type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)).SelectMany(TypeUses.MembersInCode);
        return TypeUses.Of(type).Where(used => used != typeof(Environment)).Concat(inCode);
    }

    /// <summary>An iterator asks for its thread by itself; nobody wrote that.</summary>
    private static bool IsCompilersOwn(MemberInfo member) => member.DeclaringType == typeof(Environment) && member.Name == "get_CurrentManagedThreadId";

    /// <summary>One line of a banned list: <c>N:</c> a namespace, <c>T:</c> a type, <c>P:</c> a property, <c>M:</c> a method; the reason after the semicolon.</summary>
    private sealed record Banned(char Kind, string Name, string Reason)
    {
        public static Banned Parse(string line)
        {
            var parts = line.Split(';', 2);
            return new Banned(parts[0][0], parts[0][2..].Split('(')[0], parts.Length > 1 ? parts[1].Trim() : "");
        }

        public bool Covers(MemberInfo member) => Kind switch
        {
            'N' => (member as Type ?? member.DeclaringType)?.Namespace == Name,
            'T' => (member as Type ?? member.DeclaringType)?.FullName == Name,
            _ => member.DeclaringType is { } owner
                && ($"{owner.FullName}.{member.Name}" == Name || $"{owner.FullName}.{member.Name}" == Name.Insert(Name.LastIndexOf('.') + 1, "get_")),
        };
    }
}
