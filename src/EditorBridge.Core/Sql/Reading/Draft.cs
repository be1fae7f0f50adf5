using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>The judgement of one statement while it is being read. It only ever becomes stricter.</summary>
internal sealed class Draft
{
    private const int MostObjects = 2000;
    private const int MostColumns = 500;

    private readonly List<Reason> _reasons = [];
    private readonly List<SqlObject> _objects = [];
    private readonly List<string> _columns = [];
    private readonly List<StatementAnalysis> _embedded = [];
    private Effect _classEffect;
    private Severity _classSeverity;
    private bool _positional;

    public StatementClass Class { get; private set; } = StatementClass.Unknown;
    public Effect Effect { get; private set; }
    public Severity Severity { get; private set; }
    public Confidence Confidence { get; private set; }
    public string Title { get; set; } = "";
    public bool HasReasons => _reasons.Count > 0;
    public int ObjectCount => _objects.Count;
    public IReadOnlyList<SqlObject> Objects => _objects;

    public void Clear()
    {
        _reasons.Clear();
        _objects.Clear();
        _columns.Clear();
        _embedded.Clear();
        Class = StatementClass.Unknown;
        Effect = _classEffect = Effect.Allow;
        Severity = _classSeverity = Severity.None;
        Confidence = Confidence.Exact;
        Title = "";
        _positional = false;
    }

    /// <summary>What the verb and the object alone say. Clauses may change the class when they are at least as strict.</summary>
    public void Base(StatementClass cls, Effect effect, Severity severity)
    {
        Class = cls;
        _classEffect = effect;
        _classSeverity = severity;
        Effect = Max(Effect, effect);
        Severity = Max(Severity, severity);
    }

    /// <summary>Gives a reason with its rule's usual effect and severity.</summary>
    public void Flag(string id, TextSpan span, StatementClass? cls = null)
    {
        var rule = RuleCatalogue.Get(id);
        Raise(id, rule.Effect, rule.Severity, span, cls);
    }

    /// <summary>Gives a reason with an effect and severity of its own.</summary>
    /// <param name="cls">The class this reason stands for; taken over when the reason is at least as strict as what set the class before.</param>
    /// <param name="message">A sentence more exact than the rule's own.</param>
    public void Raise(string id, Effect effect, Severity severity, TextSpan span, StatementClass? cls = null, string? message = null)
    {
        Effect = Max(Effect, effect);
        Severity = Max(Severity, severity);
        if (cls is { } c && (effect, severity).CompareTo((_classEffect, _classSeverity)) >= 0)
        {
            Class = c;
            _classEffect = effect;
            _classSeverity = severity;
        }
        for (var i = 0; i < _reasons.Count; i++)
        {
            if (_reasons[i].Id != id) continue;
            if (_reasons[i].Severity < severity) _reasons[i] = _reasons[i] with { Severity = severity, Message = message ?? _reasons[i].Message, Span = span };
            return;
        }
        _reasons.Add(new Reason(id, message ?? RuleCatalogue.Get(id).Meaning, span, severity));
    }

    public void Doubt(Confidence confidence) => Confidence = confidence > Confidence ? confidence : Confidence;

    /// <summary>For the one rule that makes a statement milder than its verb and object: stopping a user's queries is no change of the user.</summary>
    public void Replace(StatementClass cls, Effect effect, Severity severity)
    {
        Class = cls;
        Effect = _classEffect = effect;
        Severity = _classSeverity = severity;
    }

    public void Object(string name, string kind, ObjectAccess access, TextSpan span)
    {
        foreach (var known in _objects)
        {
            if (known.Access == access && known.Name == name && known.Kind == kind) return;
        }
        if (_objects.Count < MostObjects) _objects.Add(new SqlObject(name, kind, access, span));
        // A list that is cut short must not read as the whole of it.
        else Raise("G23", Effect.Review, Severity.Medium, span, null, $"The statement names more than {MostObjects} objects; the others are not listed.");
    }

    public void Column(string name)
    {
        if (_columns.Contains(name)) return;
        if (_columns.Count < MostColumns) _columns.Add(name);
        else if (!_columns.Contains("*")) _columns.Add("*");
    }

    /// <summary>A column by its place (<c>$2</c>), which of a table may be any; files have no other columns.</summary>
    public void ColumnByPlace() => _positional = true;

    /// <summary>Takes over what an embedded statement does: never milder than it.</summary>
    public void Embed(StatementAnalysis inner, bool takeClass)
    {
        _embedded.Add(inner);
        var first = _embedded.Count == 1 && Class == StatementClass.Unknown;
        var stricter = first || (inner.Effect, inner.Severity).CompareTo((_classEffect, _classSeverity)) > 0;
        if ((takeClass && stricter) || (inner.Effect == Effect.Deny && _classEffect < Effect.Deny))
        {
            Class = inner.Class;
            _classEffect = inner.Effect;
            _classSeverity = inner.Severity;
        }
        Effect = Max(Effect, inner.Effect);
        Severity = Max(Severity, inner.Severity);
        Doubt(inner.Confidence);
        foreach (var reason in inner.Reasons)
        {
            if (reason.Severity > Severity.None || RuleCatalogue.Get(reason.Id).Effect > Effect.Allow) Raise(reason.Id, Effect.Allow, reason.Severity, reason.Span, null, reason.Message);
        }
        foreach (var o in inner.Objects) Object(o.Name, o.Kind, o.Access, o.Span);
        foreach (var c in inner.Columns) Column(c);
    }

    public StatementAnalysis ToAnalysis(TextSpan span)
    {
        if (_positional && _objects.Exists(o => o.Access == ObjectAccess.Read && o.Kind is not ("STAGE" or "FILE FORMAT" or "FUNCTION" or "SEQUENCE"))) Column("*");
        return Analysis(span);
    }

    private StatementAnalysis Analysis(TextSpan span) => new()
    {
        Span = span,
        Class = Class,
        Effect = Effect,
        Severity = Effect > Effect.Allow && Severity == Severity.None ? Severity.Low : Severity,
        Confidence = Confidence,
        Title = Title,
        Reasons = [.. _reasons],
        Objects = [.. _objects],
        Columns = [.. _columns],
        Embedded = [.. _embedded],
    };

    private static Effect Max(Effect a, Effect b) => a > b ? a : b;

    private static Severity Max(Severity a, Severity b) => a > b ? a : b;
}
