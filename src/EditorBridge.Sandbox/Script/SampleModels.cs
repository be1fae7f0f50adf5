using System.Text.RegularExpressions;

namespace EditorBridge.Sandbox.Script;

/// <param name="FileName">Relative to the working folder.</param>
internal sealed record SampleModel(string FileName, string Sql);

/// <summary>Picks a plausible dbt-style model over the sample database for what a prompt asks.</summary>
internal static partial class SampleModels
{
    private const string RevenuePerCustomer =
        """
        -- Revenue per customer, counting completed orders only.
        select
            c.customer_id,
            c.customer_name,
            count(o.order_id)             as orders,
            sum(o.amount)::number(18, 2)  as revenue
        from RAW.SHOP.CUSTOMERS as c
        left join RAW.SHOP.ORDERS as o
            on o.customer_id = c.customer_id
            and o.status = 'completed'
        group by c.customer_id, c.customer_name
        order by revenue desc nulls last

        """;

    private const string DailyOrders =
        """
        -- Orders and revenue per day.
        select
            date_trunc('day', ordered_at)::date  as order_date,
            count(*)                             as orders,
            sum(amount)::number(18, 2)           as revenue
        from RAW.SHOP.ORDERS
        where status <> 'cancelled'
        group by order_date
        order by order_date

        """;

    private const string PaymentsByMethod =
        """
        -- What was paid, by payment method.
        select
            method,
            count(*)                    as payments,
            sum(amount)::number(18, 2)  as paid
        from RAW.SHOP.PAYMENTS
        group by method
        order by paid desc

        """;

    public static SampleModel For(string prompt)
    {
        var (name, sql) =
            prompt.Contains("payment", StringComparison.OrdinalIgnoreCase) ? ("payments_by_method", PaymentsByMethod)
            : prompt.Contains("customer", StringComparison.OrdinalIgnoreCase) ? ("revenue_per_customer", RevenuePerCustomer)
            : ("daily_orders", DailyOrders);
        return new SampleModel(NamedFile().Match(prompt) is { Success: true } named ? named.Value : $"models/{name}.sql", sql);
    }

    [GeneratedRegex(@"[^\s""'`]+\.sql\b", RegexOptions.IgnoreCase)]
    private static partial Regex NamedFile();
}
