namespace EditorBridge.Sql;

internal static partial class CommandTable
{
    /// <summary>
    /// Clauses that change the judgement of a CREATE, ALTER or other statement: verb; nouns (<c>*X</c> is every noun that ends in X); words, where
    /// <c>A|B</c> are choices and <c>*</c> is any token; class or <c>-</c>; <c>?</c> review, <c>!</c> deny, <c>.</c> no change; severity; reason.
    /// Of the clauses that start at one token the longest counts.
    /// </summary>
    private const string Clauses =
        """
        # replacing and matching
        CREATE; *TABLE|STAGE|STREAM|SEQUENCE|DATASET|MATERIALIZED VIEW; OR REPLACE; destructive; ?; high; X4
        CREATE; DATABASE|SCHEMA; OR REPLACE; destructive; !; critical; X4
        CREATE; *; OR REPLACE; -; ?; medium; X4
        CREATE; *; OR ALTER; -; ?; high; X5
        CREATE; *TABLE; AS SELECT|WITH; -; ?; low; E20
        CREATE; *; CLONE; -; ?; low; E20
        CREATE; DATABASE; FROM SHARE|LISTING; -; ?; medium; E20
        CREATE; DATABASE; AS REPLICA; exfil; ?; high; E12

        # parts lost or renamed
        ALTER; *TABLE; DROP; destructive; ?; high; X6
        ALTER; *TABLE; DROP COLUMN|CONSTRAINT|PRIMARY|FOREIGN|UNIQUE; destructive; ?; high; X6
        ALTER; *TABLE; DROP NOT NULL; -; ?; medium; X6
        ALTER; *TABLE; DROP DEFAULT|CLUSTERING|SEARCH|DATA|STORAGE|TAG; -; ?; medium; X6
        ALTER; *TABLE; DROP PARTITION; destructive; ?; high; X9
        ALTER; *TABLE; DROP INDEX; destructive; ?; medium; X6
        ALTER; *TABLE|SCHEMA|DATABASE; RENAME TO; destructive; ?; high; X6
        ALTER; *; RENAME TO; -; ?; medium; X6
        ALTER; *TABLE; RENAME COLUMN; -; ?; high; X6
        ALTER; *TABLE; DATA TYPE; -; ?; high; X6
        ALTER; *TABLE|SCHEMA; SWAP WITH; destructive; ?; high; X7
        ALTER; DATABASE; SWAP WITH; destructive; !; critical; X7
        ALTER; *; DATA_RETENTION_TIME_IN_DAYS = 0; destructive; ?; high; X8
        ALTER; *; DATA_RETENTION_TIME_IN_DAYS|MAX_DATA_EXTENSION_TIME_IN_DAYS|MIN_DATA_RETENTION_TIME_IN_DAYS; -; ?; medium; X8
        CREATE; *; DATA_RETENTION_TIME_IN_DAYS = 0; -; ?; medium; X8
        ALTER; *; DROP VERSION; destructive; ?; high; X9
        ALTER; BACKUP SET|SNAPSHOT SET; DELETE; destructive; !; critical; X9
        ALTER; *; PURGE; destructive; ?; high; X9

        # protection
        ALTER; *; UNSET MASKING|PROJECTION|AGGREGATION|JOIN|PRIVACY|STORAGE POLICY; privilege; !; critical; P9
        ALTER; *; DROP ROW ACCESS POLICY; privilege; !; critical; P9
        ALTER; *; DROP ALL ROW ACCESS POLICIES; privilege; !; critical; P9
        ALTER; *; DROP AGGREGATION|PROJECTION|JOIN|PRIVACY|MASKING POLICY; privilege; !; critical; P9
        ALTER; *; UNSET TAG; privilege; !; high; P9
        ALTER; *; UNSET SECURE; privilege; !; critical; P9
        ALTER; *; SECURE = FALSE; privilege; !; critical; P9
        ALTER; *TABLE|*VIEW|TAG; SET MASKING|PROJECTION|AGGREGATION|JOIN|PRIVACY POLICY; privilege; ?; high; P10
        ALTER; *TABLE|*VIEW|TAG; POLICY * FORCE; privilege; !; high; P10
        ALTER; *TABLE|*VIEW|TAG; FORCE; privilege; !; high; P10
        ALTER; *; ADD ROW ACCESS POLICY; privilege; ?; high; P10
        ALTER; *; ADD AGGREGATION|PROJECTION|JOIN|PRIVACY POLICY; privilege; ?; high; P10
        ALTER; *; SET BODY; privilege; !; critical; P10
        ALTER; SCHEMA; DISABLE MANAGED ACCESS; privilege; ?; high; P15
        ALTER; *; NETWORK_POLICY =; privilege; !; critical; P11
        ALTER; *; UNSET NETWORK_POLICY; privilege; !; critical; P11
        ALTER; *; SET|UNSET AUTHENTICATION|PASSWORD|SESSION|NETWORK POLICY; privilege; !; critical; P11
        ALTER; USER; ADD|ROTATE|MODIFY|REMOVE PROGRAMMATIC; privilege; !; critical; P8
        ALTER; USER; ADD DELEGATED; privilege; !; critical; P8
        ALTER; USER; RESET PASSWORD; privilege; !; critical; P7
        *; USER; PASSWORD|RSA_PUBLIC_KEY|RSA_PUBLIC_KEY_2|DISABLE_MFA|MINS_TO_BYPASS_MFA|DEFAULT_ROLE|DEFAULT_SECONDARY_ROLES =; privilege; !; critical; P7

        # credentials in the text
        *; *; PASSWORD|SECRET_STRING|AWS_SECRET_KEY|AWS_KEY_ID|AWS_TOKEN|AZURE_SAS_TOKEN|OAUTH_CLIENT_SECRET|OAUTH_REFRESH_TOKEN|BEARER_TOKEN|MASTER_KEY|PRIVATE_KEY|ADMIN_PASSWORD|ADMIN_RSA_PUBLIC_KEY =; -; ?; high; P13
        *; *; CREDENTIALS =; -; ?; high; P13
        CREATE; FUNCTION|PROCEDURE|STREAMLIT|NOTEBOOK|AGENT; SECRETS =; -; ?; high; P13

        # rights of code
        ALTER; PROCEDURE|FUNCTION|TASK|STREAMLIT; EXECUTE AS OWNER|CALLER|RESTRICTED|USER; privilege; ?; high; P14
        CREATE; PROCEDURE; EXECUTE AS OWNER|RESTRICTED; -; ?; medium; P14
        CREATE; TASK; EXECUTE AS USER; privilege; ?; high; P14

        # ways out
        CREATE; STAGE; URL|CREDENTIALS|STORAGE_INTEGRATION|ENDPOINT =; exfil; !; critical; E6
        ALTER; STAGE; URL|CREDENTIALS|STORAGE_INTEGRATION|ENDPOINT =; exfil; !; critical; E5
        CREATE; *TABLE; EXTERNAL_VOLUME|CATALOG|BASE_LOCATION =; -; ?; medium; E16
        *; *; CATALOG_SYNC =; exfil; ?; high; E16
        *; FUNCTION|PROCEDURE|NOTEBOOK|STREAMLIT|AGENT|MCP SERVER; EXTERNAL_ACCESS_INTEGRATIONS =; exfil; !; high; E7
        ALTER; FUNCTION|PROCEDURE; SECRETS|API_INTEGRATION =; exfil; !; high; E8
        CREATE; FUNCTION; API_INTEGRATION =; exfil; !; high; E8
        ALTER; DATABASE; ENABLE|DISABLE REPLICATION|FAILOVER; exfil; !; critical; E12
        ALTER; DATABASE; PRIMARY; exfil; !; critical; E12
        ALTER; DATABASE; REFRESH; exfil; !; critical; E12
        ALTER; APPLICATION; SHARE_EVENTS_WITH_PROVIDER|AUTHORIZE_TELEMETRY_EVENT_SHARING; exfil; !; high; E10
        *; *; SECURE_OBJECTS_ONLY = FALSE; exfil; !; critical; E10
        CREATE; *; ERROR_INTEGRATION|NOTIFICATION_INTEGRATION =; -; ?; medium; E9
        *; RESOURCE MONITOR; NOTIFY_USERS; -; ?; medium; E9

        # running
        ALTER; TASK|ALERT; RESUME; exec; ?; medium; C3
        ALTER; *TABLE; REFRESH; exec; ?; medium; C9
        ALTER; PIPE; REFRESH; dml; ?; medium; C9
        ALTER; *TABLE; RESUME; exec; ?; medium; C9
        *; *; AUTO_INGEST|AUTO_REFRESH = TRUE; -; ?; medium; C9
        ALTER; *; ABORT ALL QUERIES; -; ?; high; S5
        *; WAREHOUSE|COMPUTE POOL; WAREHOUSE_SIZE|MAX_CLUSTER_COUNT|MAX_NODES|INSTANCE_FAMILY =; -; ?; high; S5
        ALTER; *; SEARCH_PATH =; session; ?; high; C8
        """;

    /// <summary>What SHOW lists besides objects of a kind.</summary>
    private const string ShowOnly =
        """
        COLUMNS
        OBJECTS
        GRANTS
        FUTURE GRANTS
        CALLER GRANTS
        PARAMETERS
        VARIABLES
        LOCKS
        TRANSACTIONS
        REGIONS
        PRIMARY KEYS
        IMPORTED KEYS
        EXPORTED KEYS
        UNIQUE KEYS
        CHANNELS
        CLASSES
        COMPUTE POOL INSTANCE FAMILIES
        CONFIGURATIONS
        DELEGATED AUTHORIZATIONS
        ENDPOINTS
        GIT BRANCHES
        GIT TAGS
        GLOBAL ACCOUNTS
        IMAGES
        JOB SERVICES
        MFA METHODS
        OBJECTS OWNED BY APPLICATION
        OFFERS
        AVAILABLE LISTINGS
        AVAILABLE OFFERS
        AVAILABLE ORGANIZATION PROFILES
        PRICING PLANS
        PRIVILEGES
        REFERENCES
        RELEASE CHANNELS
        RELEASE DIRECTIVES
        REPLICATION ACCOUNTS
        REPLICATION DATABASES
        RUNS
        SEMANTIC DIMENSIONS
        SEMANTIC FACTS
        SEMANTIC METRICS
        SERVICE CONTAINERS
        SERVICE INSTANCES
        SERVICE VOLUMES
        SHARED CONTENT
        BACKUPS
        SPECIFICATIONS
        TELEMETRY EVENT DEFINITIONS
        USER FUNCTIONS
        USER PROCEDURES
        USER PROGRAMMATIC ACCESS TOKENS
        USER PATS
        USER WORKLOAD IDENTITY AUTHENTICATION METHODS
        VERSIONS
        BRANCHES
        TAGS
        ROLES
        INSTANCES
        BUILTIN FUNCTIONS
        EXTERNAL FUNCTIONS
        POLICIES
        ENTITIES
        SCHEMAS
        ACCESSIBLE LISTINGS
        """;

    /// <summary>What DESCRIBE describes besides objects of a kind.</summary>
    private const string DescribeOnly =
        """
        RESULT
        SEARCH OPTIMIZATION
        SPECIFICATION
        TRANSACTION
        AVAILABLE LISTING
        AVAILABLE ORGANIZATION PROFILE
        CONFIGURATION
        COLUMN
        """;
}
