namespace EditorBridge.Sql;

internal static partial class CommandTable
{
    /// <summary>
    /// What CREATE, ALTER, DROP and UNDROP of each kind of object do: the class, then <c>?</c> for review or <c>!</c> for deny.
    /// <c>code</c> is DDL whose body runs later. The last two columns are the reasons given for creating or altering, and for dropping.
    /// </summary>
    private const string Nouns =
        """
        # noun                       CREATE      ALTER       DROP          UNDROP    why  why dropped
        ACCOUNT                      session!    session!    destructive!  session!  S4   X2
        AGENT                        code?       code?       destructive?  -         C2   X1
        AGGREGATION_POLICY           privilege?  privilege!  privilege!    -         P10  P9
        ALERT                        code?       code?       destructive?  -         C2   X1
        API_INTEGRATION              exfil!      exfil!      destructive!  -         E8   X2
        APPLICATION                  code?       code?       destructive!  -         C2   X2
        APPLICATION_PACKAGE          exfil!      exfil!      destructive!  -         E11  X2
        APPLICATION_ROLE             privilege?  privilege!  privilege!    -         P7   P6
        ARTIFACT_REPOSITORY          ddl?        ddl?        destructive?  -         -    X1
        AUTHENTICATION_POLICY        privilege!  privilege!  privilege!    -         P11  P11
        BACKUP_POLICY                ddl?        ddl?        destructive!  -         X8   X8
        BACKUP_SET                   ddl?        ddl?        destructive!  -         -    X2
        CATALOG_INTEGRATION          exfil!      exfil!      destructive?  -         E16  X1
        COMPUTE_POOL                 session?    session?    destructive?  -         S5   X1
        CONNECTION                   session!    session!    destructive?  -         S4   X2
        CONTACT                      ddl?        ddl?        destructive?  -         -    X1
        CORTEX_SEARCH_SERVICE        ddl?        ddl?        destructive?  -         C2   X1
        DATA_METRIC_FUNCTION         code?       -           destructive?  -         C2   X1
        DATABASE                     ddl?        ddl?        destructive!  ddl?      -    X2
        DATABASE_ROLE                privilege?  privilege!  privilege!    -         P7   P6
        DATASET                      ddl?        ddl?        destructive?  -         -    X1
        DBT_PROJECT                  code?       code?       destructive?  -         C2   X1
        DCM_PROJECT                  code?       code?       destructive?  -         C2   X1
        DYNAMIC_ICEBERG_TABLE        ddl?        ddl?        destructive?  ddl?      -    X1
        DYNAMIC_TABLE                ddl?        ddl?        destructive?  ddl?      -    X1
        EVENT_TABLE                  ddl?        -           destructive?  -         -    X1
        EXPERIMENT                   ddl?        ddl?        destructive?  -         -    X1
        EXTERNAL_ACCESS_INTEGRATION  exfil!      exfil!      destructive?  -         E7   X1
        EXTERNAL_FUNCTION            exfil!      -           destructive?  -         E8   X1
        EXTERNAL_TABLE               ddl?        ddl?        destructive?  -         -    X1
        EXTERNAL_VOLUME              exfil!      exfil!      destructive!  ddl?      E6   X2
        FAILOVER_GROUP               exfil!      exfil!      destructive!  -         E12  X2
        FEATURE_POLICY               ddl?        ddl?        destructive?  -         -    X1
        FILE_FORMAT                  ddl?        ddl?        destructive?  -         -    X1
        FUNCTION                     code?       code?       destructive?  -         C2   X1
        GATEWAY                      exfil!      exfil!      destructive?  -         E17  X1
        GIT_REPOSITORY               exfil!      exfil!      destructive?  -         E5   X1
        HYBRID_TABLE                 ddl?        -           destructive?  -         -    X1
        ICEBERG_TABLE                ddl?        ddl?        destructive?  ddl?      -    X1
        IMAGE_REPOSITORY             ddl?        -           destructive?  -         -    X1
        INDEX                        ddl?        -           destructive?  -         -    X1
        INTEGRATION                  exfil!      exfil!      destructive!  -         E6   X2
        INTERACTIVE_TABLE            ddl?        -           destructive?  -         -    X1
        INTERACTIVE_WAREHOUSE        session?    -           destructive?  -         S5   X1
        JOIN_POLICY                  privilege?  privilege!  privilege!    -         P10  P9
        LISTING                      exfil!      exfil!      destructive!  -         E11  X2
        EXTERNAL_LISTING             exfil!      exfil!      destructive!  -         E11  X2
        MAINTENANCE_POLICY           ddl?        ddl?        destructive?  -         -    X1
        MANAGED_ACCOUNT              exfil!      -           destructive!  -         E13  X2
        MASKING_POLICY               privilege?  privilege!  privilege!    -         P10  P9
        MATERIALIZED_VIEW            ddl?        ddl?        destructive?  -         -    X1
        MCP_SERVER                   code?       -           destructive?  -         C2   X1
        MODEL                        code?       code?       destructive?  -         C2   X1
        MODEL_MONITOR                ddl?        ddl?        destructive?  -         -    X1
        NETWORK_POLICY               privilege!  privilege!  privilege!    -         P11  P11
        NETWORK_RULE                 exfil!      exfil!      destructive?  -         E7   X1
        NOTEBOOK                     code?       code?       destructive?  ddl?      C2   X1
        NOTEBOOK_PROJECT             code?       -           destructive?  -         C2   X1
        NOTIFICATION_INTEGRATION     exfil!      exfil!      destructive?  -         E9   X1
        ONLINE_FEATURE_TABLE         ddl?        ddl?        destructive?  -         -    X1
        OPENFLOW_DATA_PLANE          -           exfil!      -             -         E17  X1
        ORGANIZATION_ACCOUNT         session!    session!    destructive?  -         S4   X2
        ORGANIZATION_LISTING         exfil!      -           destructive?  -         E11  X2
        ORGANIZATION_PROFILE         exfil!      exfil!      destructive?  -         E11  X1
        ORGANIZATION_USER            privilege!  privilege!  privilege!    -         P7   P6
        ORGANIZATION_USER_GROUP      privilege!  privilege!  privilege!    -         P7   P6
        PACKAGES_POLICY              ddl?        ddl?        destructive?  -         -    X1
        PASSWORD_POLICY              privilege!  privilege!  privilege!    -         P11  P11
        PIPE                         code?       code?       destructive?  -         C2   X1
        POSTGRES_INSTANCE            exfil!      exfil!      destructive!  -         E17  X2
        PRIVACY_POLICY               privilege?  privilege!  privilege!    -         P10  P9
        PROCEDURE                    code?       code?       destructive?  -         C2   X1
        PROJECTION_POLICY            privilege?  privilege!  privilege!    -         P10  P9
        PROVISIONED_THROUGHPUT       session?    -           destructive?  -         S5   X1
        REPLICATION_GROUP            exfil!      exfil!      destructive!  -         E12  X2
        RESOURCE_MONITOR             session?    session?    destructive?  -         S5   X1
        ROLE                         privilege?  privilege!  privilege!    -         P7   P6
        ROW_ACCESS_POLICY            privilege?  privilege!  privilege!    -         P10  P9
        SCHEMA                       ddl?        ddl?        destructive!  ddl?      -    X2
        SECRET                       privilege?  privilege!  privilege!    -         P13  P13
        SECURITY_INTEGRATION         privilege!  privilege!  privilege!    -         P12  P12
        SEMANTIC_VIEW                ddl?        ddl?        destructive?  -         -    X1
        SEQUENCE                     ddl?        ddl?        destructive?  -         -    X1
        SERVICE                      exfil!      exfil!      destructive?  -         E17  X1
        SESSION_POLICY               privilege!  privilege!  privilege!    -         P11  P11
        SHARE                        exfil!      exfil!      destructive!  -         E10  X2
        SNAPSHOT                     ddl?        ddl?        destructive?  ddl?      -    X1
        SNAPSHOT_POLICY              ddl?        ddl?        destructive?  -         X8   X8
        SNAPSHOT_SET                 ddl?        ddl?        destructive!  -         -    X2
        STAGE                        ddl?        ddl?        destructive?  -         -    X1
        STORAGE_INTEGRATION          exfil!      exfil!      destructive!  -         E6   X2
        STORAGE_LIFECYCLE_POLICY     ddl?        ddl?        destructive?  -         X8   X8
        STREAM                       ddl?        ddl?        destructive?  -         -    X1
        STREAMLIT                    code?       code?       destructive?  ddl?      C2   X1
        TABLE                        ddl?        ddl?        destructive?  ddl?      -    X1
        TABLE_FUNCTION               code?       -           -             -         C2   X1
        TAG                          ddl?        ddl?        destructive?  ddl?      -    X1
        TASK                         code?       code?       destructive?  -         C2   X1
        TYPE                         ddl?        ddl?        destructive?  -         -    X1
        USER                         privilege!  privilege!  privilege!    -         P7   P6
        VERSIONED_SCHEMA             ddl?        -           destructive?  -         -    X1
        VIEW                         ddl?        ddl?        destructive?  -         -    X1
        WAREHOUSE                    session?    session?    destructive?  -         S5   X1
        WORKSPACE                    code?       code?       destructive?  -         C2   X1
        """;
}
