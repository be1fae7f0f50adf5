using DuckDB.NET.Data;

namespace EditorBridge.Sandbox.Sql;

/// <summary>
/// The account's data: an embedded DuckDB that lives in memory, holding a small web shop (RAW.SHOP), salaries (RAW.HR), and what a
/// data team made of them (ANALYTICS.STAGING, ANALYTICS.MARTS). The data is the same at every start. DuckDB may touch no file.
/// </summary>
internal sealed class SampleDatabase : IDisposable
{
    /// <summary>Columns that only DATA_ENGINEER and ACCOUNTADMIN see in the clear.</summary>
    public static readonly IReadOnlyDictionary<(string Database, string Schema, string Table), string[]> MaskedColumns =
        new Dictionary<(string, string, string), string[]>
        {
            [("RAW", "SHOP", "CUSTOMERS")] = ["EMAIL"],
            [("ANALYTICS", "STAGING", "STG_CUSTOMERS")] = ["EMAIL"],
        };

    /// <summary>Columns that carry the tag RAW.PUBLIC.PII, with its value.</summary>
    public static readonly IReadOnlyDictionary<(string Database, string Schema, string Table), (string Column, string Value)[]> TaggedColumns =
        new Dictionary<(string, string, string), (string, string)[]>
        {
            [("RAW", "SHOP", "CUSTOMERS")] = [("EMAIL", "email"), ("CUSTOMER_NAME", "name")],
            [("ANALYTICS", "STAGING", "STG_CUSTOMERS")] = [("EMAIL", "email")],
            [("RAW", "HR", "SALARIES")] = [("EMPLOYEE_NAME", "name"), ("SALARY", "salary")],
        };

    private const string Setup =
        """
        SET memory_limit = '512MB';
        SET threads = 2;
        SET TimeZone = 'UTC';
        ATTACH ':memory:' AS RAW;
        ATTACH ':memory:' AS ANALYTICS;
        ATTACH ':memory:' AS SNOWFLAKE;
        CREATE SCHEMA RAW.SHOP; CREATE SCHEMA RAW.HR; CREATE SCHEMA RAW.PUBLIC;
        CREATE SCHEMA ANALYTICS.STAGING; CREATE SCHEMA ANALYTICS.MARTS; CREATE SCHEMA ANALYTICS.PUBLIC;
        CREATE SCHEMA SNOWFLAKE.ACCOUNT_USAGE;

        CREATE TABLE RAW.SHOP.CUSTOMERS AS
        SELECT i::BIGINT AS CUSTOMER_ID,
               (['Ada', 'Björn', 'Chidi', 'Dolores', 'Emre', 'Fatima', 'Goran', 'Hana'])[1 + i % 8] || ' '
                 || (['Nowak', 'Okafor', 'Peters', 'Quispe', 'Rossi', 'Sato'])[1 + i % 6] AS CUSTOMER_NAME,
               'customer' || i || '@example.com' AS EMAIL,
               (['DE', 'FR', 'JP', 'NG', 'PE', 'US'])[1 + i % 6] AS COUNTRY,
               DATE '2024-01-01' + (i * 7 % 600)::INTEGER AS SIGNED_UP
        FROM range(1, 201) AS t(i);

        CREATE TABLE RAW.SHOP.PRODUCTS AS
        SELECT i::BIGINT AS PRODUCT_ID, (['Mug', 'Lamp', 'Chair', 'Desk', 'Shelf'])[1 + i % 5] || ' ' || i AS PRODUCT_NAME,
               (5 + i * 13 % 240)::DECIMAL(18,2) AS PRICE
        FROM range(1, 41) AS t(i);

        CREATE TABLE RAW.SHOP.ORDERS AS
        SELECT i::BIGINT AS ORDER_ID, (1 + i * 37 % 200)::BIGINT AS CUSTOMER_ID, (1 + i * 11 % 40)::BIGINT AS PRODUCT_ID,
               (['completed', 'completed', 'completed', 'returned', 'cancelled', 'open'])[1 + i % 6] AS STATUS,
               ((5 + (1 + i * 11 % 40) * 13 % 240) * (1 + i % 3))::DECIMAL(18,2) AS AMOUNT,
               TIMESTAMP '2025-01-01 08:00:00' + to_minutes((i * 313)::INTEGER) AS ORDERED_AT
        FROM range(1, 1501) AS t(i);

        CREATE TABLE RAW.SHOP.PAYMENTS AS
        SELECT ORDER_ID + 100000 AS PAYMENT_ID, ORDER_ID, (['card', 'invoice', 'transfer'])[1 + ORDER_ID % 3] AS METHOD,
               AMOUNT, ORDERED_AT + to_hours((1 + ORDER_ID % 48)::INTEGER) AS PAID_AT
        FROM RAW.SHOP.ORDERS WHERE STATUS IN ('completed', 'returned');

        CREATE TABLE RAW.HR.SALARIES AS
        SELECT i::BIGINT AS EMPLOYEE_ID, 'Employee ' || i AS EMPLOYEE_NAME, (42000 + i * 1711 % 60000)::DECIMAL(18,2) AS SALARY
        FROM range(1, 26) AS t(i);

        CREATE TABLE ANALYTICS.STAGING.STG_ORDERS AS SELECT ORDER_ID, CUSTOMER_ID, STATUS, AMOUNT, ORDERED_AT FROM RAW.SHOP.ORDERS;
        CREATE TABLE ANALYTICS.STAGING.STG_CUSTOMERS AS SELECT CUSTOMER_ID, CUSTOMER_NAME, EMAIL, COUNTRY FROM RAW.SHOP.CUSTOMERS;
        CREATE TABLE ANALYTICS.MARTS.CUSTOMERS AS
        SELECT c.CUSTOMER_ID, c.CUSTOMER_NAME, c.COUNTRY, count(o.ORDER_ID) AS ORDERS, coalesce(sum(o.AMOUNT), 0)::DECIMAL(18,2) AS REVENUE
        FROM RAW.SHOP.CUSTOMERS c LEFT JOIN RAW.SHOP.ORDERS o ON o.CUSTOMER_ID = c.CUSTOMER_ID AND o.STATUS = 'completed'
        GROUP BY ALL;
        CREATE TABLE ANALYTICS.MARTS.DAILY_REVENUE AS
        SELECT ORDERED_AT::DATE AS ORDER_DATE, count(*) AS ORDERS, sum(AMOUNT)::DECIMAL(18,2) AS REVENUE
        FROM RAW.SHOP.ORDERS WHERE STATUS = 'completed' GROUP BY ALL;

        CREATE TABLE SNOWFLAKE.ACCOUNT_USAGE.CORTEX_REST_API_USAGE_HISTORY (
            START_TIME TIMESTAMPTZ, END_TIME TIMESTAMPTZ, REQUEST_ID VARCHAR, MODEL_NAME VARCHAR, TOKENS BIGINT, TOKENS_GRANULAR JSON,
            USER_ID VARCHAR, INFERENCE_REGION VARCHAR);
        CREATE TABLE SNOWFLAKE.ACCOUNT_USAGE.AI_GATEWAY_USAGE_HISTORY (
            START_TIME TIMESTAMPTZ, END_TIME TIMESTAMPTZ, REQUEST_ID VARCHAR, GATEWAY_NAME VARCHAR, GATEWAY_ID BIGINT, USER_ID VARCHAR,
            SERVICE_TYPE VARCHAR, OPERATION_DETAILS JSON, CREDITS DOUBLE, CREDITS_GRANULAR JSON, METADATA JSON);
        CREATE TABLE SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY (
            QUERY_ID VARCHAR, QUERY_TEXT VARCHAR, QUERY_TAG VARCHAR, QUERY_TYPE VARCHAR, USER_NAME VARCHAR, ROLE_NAME VARCHAR,
            WAREHOUSE_NAME VARCHAR, DATABASE_NAME VARCHAR, SCHEMA_NAME VARCHAR, SESSION_ID BIGINT, EXECUTION_STATUS VARCHAR,
            ERROR_CODE VARCHAR, ERROR_MESSAGE VARCHAR, START_TIME TIMESTAMPTZ, END_TIME TIMESTAMPTZ, TOTAL_ELAPSED_TIME BIGINT,
            BYTES_SCANNED BIGINT, ROWS_PRODUCED BIGINT, AGENT_TYPE VARCHAR);
        CREATE TABLE SNOWFLAKE.ACCOUNT_USAGE.OBJECT_DEPENDENCIES (
            REFERENCED_DATABASE VARCHAR, REFERENCED_SCHEMA VARCHAR, REFERENCED_OBJECT_NAME VARCHAR, REFERENCED_OBJECT_DOMAIN VARCHAR,
            REFERENCING_DATABASE VARCHAR, REFERENCING_SCHEMA VARCHAR, REFERENCING_OBJECT_NAME VARCHAR, REFERENCING_OBJECT_DOMAIN VARCHAR, DEPENDENCY_TYPE VARCHAR);
        CREATE TABLE SNOWFLAKE.ACCOUNT_USAGE.USERS (USER_ID VARCHAR, NAME VARCHAR, LOGIN_NAME VARCHAR, TYPE VARCHAR, DEFAULT_ROLE VARCHAR);
        CREATE TABLE SNOWFLAKE.ACCOUNT_USAGE.CORTEX_REST_API_RATE_LIMIT_POLICIES (MODEL_NAME VARCHAR, RPM BIGINT, TPM BIGINT);
        INSERT INTO SNOWFLAKE.ACCOUNT_USAGE.CORTEX_REST_API_RATE_LIMIT_POLICIES VALUES
            ('claude-sonnet-4-6', 10000, 6000000), ('claude-opus-4-6', 10000, 3000000), ('claude-haiku-4-5', 10000, 5000000);

        SET enable_external_access = false;
        SET lock_configuration = true;
        """;

    private const string Macros =
        """
        CREATE OR REPLACE TEMP MACRO sbx_iff(a, b, c) AS CASE WHEN a THEN b ELSE c END;
        CREATE OR REPLACE TEMP MACRO sbx_zeroifnull(a) AS coalesce(a, 0);
        CREATE OR REPLACE TEMP MACRO sbx_div0(a, b) AS CASE WHEN b = 0 THEN 0 ELSE a / b END;
        CREATE OR REPLACE TEMP MACRO sbx_to_varchar(a) AS a::VARCHAR;
        CREATE OR REPLACE TEMP MACRO sbx_to_date(a) AS a::DATE;
        CREATE OR REPLACE TEMP MACRO sbx_to_number(a) AS a::DECIMAL(38, 0);
        CREATE OR REPLACE TEMP MACRO sbx_parse_json(a) AS a::JSON;
        CREATE OR REPLACE TEMP MACRO sbx_dateadd(part, n, d) AS CASE rtrim(part, 's')
            WHEN 'second' THEN d + to_seconds(n) WHEN 'minute' THEN d + to_minutes(n) WHEN 'hour' THEN d + to_hours(n)
            WHEN 'day' THEN d + to_days(n) WHEN 'week' THEN d + to_days(7 * n)
            WHEN 'month' THEN d + to_months(n) WHEN 'year' THEN d + to_years(n) END;
        """;

    // Built when the first statement asks for it, so that an account that only infers starts at once.
    private readonly Lazy<DuckDBConnection> _root = new(() =>
    {
        var connection = new DuckDBConnection("Data Source=:memory:");
        connection.Open();
        Execute(connection, Setup);
        return connection;
    });

    /// <summary>A connection of its own to the same data, with Snowflake's functions that DuckDB spells differently.</summary>
    public DuckDBConnection Connect()
    {
        var connection = _root.Value.Duplicate();
        connection.Open();
        Execute(connection, Macros);
        return connection;
    }

    public void Dispose()
    {
        if (_root.IsValueCreated)
        {
            _root.Value.Dispose();
        }
    }

    public static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
