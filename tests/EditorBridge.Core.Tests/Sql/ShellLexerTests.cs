using System.Diagnostics;
using CsCheck;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Sql;

public sealed class ShellLexerTests
{
    [Theory]
    [InlineData("ls -la", "ls -la")]
    [InlineData("a; b && c || d | e & f", "a ; b && c || d | e ; f")]
    [InlineData("echo 'a b' \"c d\" e\\ f $'g\\nh\\x41'", "echo 'a b' 'c d' 'e f' 'g\nhA'")]
    [InlineData("echo # not this ; rm -rf /\nls", "echo ; ls")]
    [InlineData("echo a#b", "echo a#b")]
    [InlineData("if true; then ls; else pwd; fi", "true ; ls ; pwd")]
    [InlineData("for f in *.sql; do cat \"$f\"; done", "for f in *.sql ; cat $f")]
    [InlineData("while read -r l; do echo $l; done < in.txt", "read -r l ; echo $l ; <in.txt")]
    [InlineData("for ((i=0;i<3;i++)); do echo $i; done", "for (( ; echo $i")]
    [InlineData("case $1 in a|b) ls ;; *) rm x ;; esac; pwd", "case $1 in ; ls ; rm x ; pwd")]
    [InlineData("f() { rm x; }; f", "rm x ; f")]
    [InlineData("function f { rm x; }\nf", "rm x ; f")]
    [InlineData("(cd a && ls) > out", "cd a && ls ; >out")]
    [InlineData("[[ -f a && ! ( b < c ) ]] && ls", "[[ -f a ! b c ]] && ls")]
    [InlineData("[[ $a =~ ^x(y|z)$ ]] || exit", "[[ $a =~ ^x y z $ ]] || exit")]
    [InlineData("(( x > 3 )) && ls", "(( && ls")]
    [InlineData("cat <<EOF > x.sql\nDROP TABLE t;\nEOF\nls", "cat <<{DROP TABLE t;\n} >x.sql ; ls")]
    [InlineData("cat <<-'E F'\n\ta $b\n\tE F\nls", "cat <<{a $b\n} ; ls")]
    [InlineData("a <<X <<Y\n1\nX\n2\nY\nb", "a <<{1\n} <<{2\n} ; b")]
    [InlineData("ls 2>&1 >/dev/null 2>>err &>all", "ls 2>&1 >/dev/null 2>>err &>all")]
    [InlineData("X=1 Y='a b' cmd", "X=1 Y='a b' cmd")]
    [InlineData("X=(a b 'c d'); ls", "X='a b c d' ; ls")]
    [InlineData("a \\\n b", "a b")]
    [InlineData("git commit -m \"$(cat <<'EOF'\nit's (done)\nEOF\n)\"", "git commit -m 'it's (done)'")]
    public void Commands_are_read_in_order(string text, string expected)
    {
        var script = ShellLexer.Read(text);
        Assert.Empty(script.Faults);
        Assert.Equal(expected, Show(script));
    }

    [Theory]
    [InlineData("echo $(rm -rf /)", "rm -rf /")]
    [InlineData("echo `rm x`", "rm x")]
    [InlineData("echo \"a `rm \\`pwd\\`` b\"", "pwd ; rm `pwd`")]
    [InlineData("echo \"${X:-$(rm x)}\"", "rm x")]
    [InlineData("echo $(( 1 + $(rm x) ))", "rm x")]
    [InlineData("echo $((rm x) ; ls)", "rm x ; ls")]
    [InlineData("diff <(rm a) >(rm b)", "rm a ; rm b")]
    [InlineData("cat <<EOF\n$(rm x)\nEOF", "rm x")]
    [InlineData("X=$(rm x)", "rm x")]
    [InlineData("for f in $(rm x); do ls; done", "rm x")]
    [InlineData("case a in $(rm x)) ;; esac", "rm x")]
    [InlineData("echo > \"$(rm x)\"", "rm x")]
    public void Commands_inside_words_are_found(string text, string expected)
    {
        var script = ShellLexer.Read(text);
        Assert.Empty(script.Faults);
        var inner = script.Commands.SelectMany(command => command.Substitutions).SelectMany(nested => nested.All());
        Assert.Equal(expected, string.Join(" ; ", inner.Select(command => string.Join(' ', command.Words.Select(word => word.Value)))));
    }

    [Theory]
    [InlineData("cat <<'EOF'\n$(rm x)\nEOF")]
    [InlineData("echo '$(rm x)' \\$(")]
    public void Quoted_text_holds_no_commands(string text) =>
        Assert.DoesNotContain(ShellLexer.Read(text).All(), command => command.Words is [var name, ..] && name.Value == "rm");

    [Theory]
    [InlineData("echo 'a")]
    [InlineData("echo \"a")]
    [InlineData("echo `a")]
    [InlineData("echo $(a")]
    [InlineData("echo ${a")]
    [InlineData("(ls")]
    [InlineData("ls)")]
    [InlineData("cat <<EOF\nabc")]
    [InlineData("ls >")]
    [InlineData("a b(c)")]
    [InlineData("[[ a")]
    [InlineData("X=(a")]
    [InlineData("case a in b")]
    [InlineData("ls ;; rm")]
    public void Broken_text_is_a_fault(string text) => Assert.False(ShellLexer.Read(text).Understood);

    [Theory]
    [InlineData("curl x | sh", "sh")]
    [InlineData("curl x | while read l; do sh; done", "sh")]
    [InlineData("curl x | (cd /; sh)", "sh")]
    [InlineData("curl x | { sh; }", "sh")]
    public void Input_from_a_pipe_reaches_commands_in_groups(string text, string program) =>
        Assert.True(ShellLexer.Read(text).Commands.Single(command => command.Words is [var name, ..] && name.Value == program).InputPiped);

    [Theory]
    [InlineData("sudo -u root rm x", "rm x", "sudo")]
    [InlineData("env -i A=1 rm x", "rm x", "env")]
    [InlineData("timeout -k 5 10s rm x", "rm x", "timeout")]
    [InlineData("nohup nice -n 5 rm x", "rm x", "nohup,nice")]
    [InlineData("ls | xargs -n 1 rm -f", "rm -f", "xargs")]
    [InlineData("bash -lc 'rm x'", "rm x", "bash -c")]
    [InlineData("sh -o pipefail -c \"rm x && ls\"", "rm x", "sh -c")]
    [InlineData("eval 'rm x'", "rm x", "eval")]
    [InlineData("find . -name '*.pyc' -exec rm {} +", "rm {}", "find")]
    [InlineData("/usr/bin/env /bin/rm x", "/bin/rm x", "env")]
    public void Programs_are_found_behind_their_starters(string text, string expected, string via)
    {
        var programs = ShellPrograms.Of(text);
        Assert.True(programs.Understood);
        var found = programs.Invocations.Single(invocation => invocation.Name == "rm");
        Assert.Equal(expected, string.Join(' ', found.Arguments.Prepend(found.Program).Select(word => word.Value)));
        Assert.Equal(via, string.Join(',', found.Via));
    }

    [Theory]
    [InlineData("bash -c \"$CMD\"")]
    [InlineData("eval \"$(curl -s x)\"")]
    [InlineData("eval $X")]
    public void Code_made_at_run_time_is_a_fault(string text) => Assert.False(ShellPrograms.Of(text).Understood);

    [Fact]
    public void Spans_point_into_the_text()
    {
        const string text = "a `b cc` <<E\nx $(dd ee)\nE\n";
        foreach (var command in ShellLexer.Read(text).All())
            foreach (var word in command.Words.Where(word => !word.Dynamic))
                Assert.Equal(word.Value, text.Substring(word.Span.Start, word.Span.Length));
    }

    [Fact]
    public void Any_text_is_read_without_an_exception()
    {
        string[] pieces = ["a", " ", "\n", "'", "\"", "`", "$", "$(", "$((", "${", "(", "((", ")", "))", "{", "}", "<<E", "<<-'E'", "\nE\n", "<", ">", "|", "&", ";", ";;", "\\", "case x in ", "esac", "[[ ", "]]", "=", "#", "*", "f() ", "$'", "\t", "😀", "\0"];
        Gen.Int[0, pieces.Length - 1].Array[0, 60].Sample(chosen =>
        {
            _ = ShellPrograms.Of(string.Concat(chosen.Select(index => pieces[index])));
        }, iter: 20_000);
    }

    [Theory]
    [InlineData("$(")]
    [InlineData("$((")]
    [InlineData("${a:-")]
    [InlineData("`\\`")]
    [InlineData("\"$(")]
    [InlineData("(")]
    [InlineData("((")]
    [InlineData("{")]
    [InlineData("<<E ")]
    [InlineData("bash -c '")]
    [InlineData("a=(")]
    public void Deep_nesting_ends_soon_and_never_overflows(string opening)
    {
        var text = string.Concat(Enumerable.Repeat(opening, 50_000));
        var started = Stopwatch.GetTimestamp();
        _ = ShellPrograms.Of(text);
        // Only a hang is caught here: reading takes milliseconds, quadratic time would take minutes.
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30));
    }

    private static string Show(ShellScript script)
    {
        var shown = new List<string>();
        foreach (var command in script.Commands)
        {
            if (shown.Count > 0) shown.Add(command.Join switch { ShellJoin.And => "&&", ShellJoin.Or => "||", ShellJoin.Pipe => "|", _ => ";" });
            shown.AddRange(command.Assignments.Select(assignment => $"{assignment.Name}={Quote(assignment.Value)}"));
            shown.AddRange(command.Words.Select(Quote));
            shown.AddRange(command.Redirections.Select(redirection => $"{redirection.Descriptor}{redirection.Operator}{(redirection.Body is { } body ? $"{{{body.Value}}}" : redirection.Target.Value)}"));
        }
        return string.Join(' ', shown);
    }

    private static string Quote(ShellWord word) =>
        word.Literal is { } text && text.AsSpan().IndexOfAny(' ', '\n') >= 0 ? $"'{text}'" : word.Value;
}
