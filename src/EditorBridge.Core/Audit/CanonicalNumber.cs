using System.Globalization;
using System.Text;

namespace EditorBridge.Audit;

/// <summary>Numbers as ECMAScript's Number::toString writes them (RFC 8785 §3.2.2.3), integers beyond a double's precision exactly.</summary>
internal static class CanonicalNumber
{
    /// <summary>Null when the literal overflows a double.</summary>
    public static string? Format(string literal)
    {
        double value = double.Parse(literal, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (IsInteger(literal) && ExactInteger(literal, value) is { } exact)
        {
            return exact;
        }
        return double.IsFinite(value) ? Format(value) : null;
    }

    /// <summary>The shortest digits that read back as the same double, laid out as ECMAScript does.</summary>
    public static string Format(double value)
    {
        if (value == 0)
        {
            return "0";
        }
        (string digits, int point) = Digits(Math.Abs(value).ToString("R", CultureInfo.InvariantCulture));
        return (value < 0 ? "-" : "") + Layout(digits, point);
    }

    private static bool IsInteger(string literal) => literal.AsSpan().IndexOfAny('.', 'e', 'E') < 0;

    /// <summary>The digits themselves when the double would lose some of them; null when the double's own form says the same value.</summary>
    private static string? ExactInteger(string literal, double value)
    {
        string digits = literal.TrimStart('-');
        if (digits.Length <= 15)
        {
            return null;
        }
        (string given, int givenPoint) = Digits(digits);
        if (double.IsFinite(value))
        {
            (string carried, int carriedPoint) = Digits(Math.Abs(value).ToString("R", CultureInfo.InvariantCulture));
            if (given == carried && givenPoint == carriedPoint)
            {
                return null;
            }
        }
        return literal;
    }

    /// <summary>Significant digits without zeros at either end, and where the decimal point stands: 0.<c>digits</c> × 10^<c>point</c>.</summary>
    private static (string Digits, int Point) Digits(string number)
    {
        int exponentAt = number.IndexOfAny(['e', 'E']);
        int exponent = exponentAt < 0 ? 0 : int.Parse(number.AsSpan(exponentAt + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string mantissa = exponentAt < 0 ? number : number[..exponentAt];
        int dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        string all = dot < 0 ? mantissa : mantissa.Remove(dot, 1);
        int point = (dot < 0 ? mantissa.Length : dot) + exponent;
        string trimmed = all.TrimStart('0');
        point -= all.Length - trimmed.Length;
        return (trimmed.TrimEnd('0'), point);
    }

    private static string Layout(string digits, int point)
    {
        int count = digits.Length;
        if (count <= point && point <= 21)
        {
            return digits + new string('0', point - count);
        }
        if (point is > 0 and <= 21)
        {
            return $"{digits.AsSpan(0, point)}.{digits.AsSpan(point)}";
        }
        if (point is > -6 and <= 0)
        {
            return "0." + new string('0', -point) + digits;
        }
        int exponent = point - 1;
        var text = new StringBuilder(count + 8).Append(digits[0]);
        if (count > 1)
        {
            text.Append('.').Append(digits, 1, count - 1);
        }
        return text.Append('e').Append(exponent < 0 ? '-' : '+').Append(CultureInfo.InvariantCulture, $"{Math.Abs(exponent)}").ToString();
    }
}
