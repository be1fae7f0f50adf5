namespace EditorBridge.Sql;

public static partial class RuleCatalogue
{
    private static IEnumerable<SqlRule> Evasion() =>
    [
        new("G1", "Stacked statements", "The text holds more than one statement.", "A check that looks at the first statement does not see the others.", Effect.Allow, Severity.None),
        new("G2", "Verb behind comments", "Comments stand before or inside the verb.", "A check of the first word sees the comment instead of the verb.", Effect.Allow, Severity.None),
        new("G3", "Comment with two readings", "A block comment holds another comment's start; some readers end it elsewhere.", "Snowflake ends it at the first */, other tools at the matching one: text hidden from one reader runs for the other.", Effect.Review, Severity.Medium),
        new("G4", "Quotes that mislead", "Quotes and escapes are arranged so that a simpler reader loses track of where literals end.", "A reader with another escape rule takes code for text, or text for code.", Effect.Allow, Severity.None),
        new("G5", "Comment sign inside a path", "An unquoted path holds --, // or /*, which some readers take for a comment.", "What stands behind the path may run or may be ignored.", Effect.Review, Severity.Medium),
        new("G6", "Literal or comment without an end", "A literal, comment or block has no end.", "Everything behind it is invisible to a reader, and may not be to the server.", Effect.Review, Severity.Medium),
        new("G7", "Deceptive characters", "The text holds invisible characters or characters that look like others.", "What a person reads differs from what runs.", Effect.Review, Severity.High),
        new("G8", "Flow chain", "Several statements are chained with ->>.", "Clients and drivers take the chain for one statement with the first statement's verb.", Effect.Allow, Severity.None),
        new("G9", "Scripting block", "Several statements stand in one block.", "A client sees one statement; the block can do anything its statements can.", Effect.Allow, Severity.None),
        new("G10", "SQL in a string", "A string is run as SQL.", "The statement that acts is inside a literal.", Effect.Allow, Severity.None),
        new("G11", "SQL built at run time", "The SQL that runs is put together at run time and cannot be seen.", "Nobody can review a statement that does not exist yet.", Effect.Review, Severity.High),
        new("G12", "SQL from a staged file", "SQL is read from a file in a stage and run.", "The file's content is not part of the text under review and may be a template.", Effect.Review, Severity.High),
        new("G13", "Anonymous procedure", "WITH introduces a procedure that is called at once.", "WITH looks like the start of a query.", Effect.Review, Severity.Medium),
        new("G14", "Name from a variable or string", "An object's name comes from a variable or a string.", "Which object is touched is not visible in the statement.", Effect.Allow, Severity.Low),
        new("G15", "Session variable used as code or name", "A variable set earlier decides what runs or what is touched.", "The parts look harmless each on its own.", Effect.Allow, Severity.Low),
        new("G16", "Context changed before a write", "The current database or schema was changed before this statement.", "Short names now mean other objects.", Effect.Allow, Severity.Low),
        new("G17", "Client command", "A command that the client carries out, not the server.", "It can read files and addresses or start programs on the machine it runs on.", Effect.Review, Severity.Medium),
        new("G18", "Template", "Parts of the text are replaced before it runs.", "The statement that runs is not the one on the screen.", Effect.Review, Severity.Medium),
        new("G19", "Bind variable", "A value is bound at run time.", "A bound value cannot become code or a name, so this is a fact and no warning.", Effect.Allow, Severity.None),
        new("G20", "Write behind a common table expression", "WITH introduces a statement that writes.", "WITH looks like the start of a query.", Effect.Review, Severity.Medium),
        new("G21", "SELECT INTO", "SELECT … INTO outside a block.", "Other dialects create a table with it; Snowflake only knows it in Scripting.", Effect.Review, Severity.Medium),
        new("G22", "Not recognised", "This part was not understood.", "What is not understood is never taken for harmless.", Effect.Review, Severity.Medium),
        new("G23", "Too large or too deep", "The text is larger or more deeply nested than a person can review.", "Size hides what stands at the end.", Effect.Review, Severity.Medium),
        new("G24", "Harmless verb with more behind it", "Text is left over behind a SHOW, DESCRIBE or EXPLAIN.", "A harmless first word must not cover what follows.", Effect.Review, Severity.Medium),
        new("G25", "More than one statement per call", "MULTI_STATEMENT_COUNT is changed.", "It lets one call carry statements that nobody counted.", Effect.Review, Severity.High),
        new("G26", "Text that argues", "A comment or label speaks to the reviewer.", "Words such as \"approved\" are no evidence; they are ignored.", Effect.Allow, Severity.None),
    ];

    private static IEnumerable<SqlRule> Data() =>
    [
        new("D1", "Data change", "Rows are inserted, updated, merged or deleted.", "Data changes; Time Travel can undo it only within its retention.", Effect.Review, Severity.Medium),
        new("D2", "All rows", "No condition limits the rows, or the condition is always true.", "The whole table changes.", Effect.Review, Severity.High),
        new("D3", "Several targets", "One insert writes into several tables.", "Every target must be looked at.", Effect.Review, Severity.Medium),
        new("D4", "Load from files", "Files are loaded into a table.", "Foreign data enters the table; PURGE deletes the source files.", Effect.Review, Severity.Medium),
        new("D5", "Insert that empties first", "INSERT OVERWRITE empties the table before it inserts.", "The old rows are gone.", Effect.Review, Severity.High),
        new("X1", "Drop", "An object is dropped.", "The object, its data and its grants are lost; only some kinds can be brought back.", Effect.Review, Severity.High),
        new("X2", "Drop of a container or account object", "An object that holds others, or belongs to the account, is dropped.", "Everything in it or depending on it goes too.", Effect.Deny, Severity.Critical),
        new("X3", "Truncate", "All rows of a table are removed.", "The table is empty afterwards.", Effect.Review, Severity.High),
        new("X4", "Replace", "OR REPLACE drops the old object of this name, if there is one.", "Data, grants, policies and stream offsets of the old object are lost.", Effect.Review, Severity.High),
        new("X5", "Create or alter", "CREATE OR ALTER changes an object to match this text.", "A column that is missing here is dropped.", Effect.Review, Severity.High),
        new("X6", "Drop or rename of a part", "A column or constraint is dropped, renamed or retyped, or the object is renamed.", "Dependants break and a dropped column's data is lost.", Effect.Review, Severity.High),
        new("X7", "Swap", "Two objects exchange their content.", "It takes effect at once for everybody.", Effect.Review, Severity.High),
        new("X8", "Less Time Travel", "Retention or a backup rule is reduced.", "The way to undo mistakes goes away.", Effect.Review, Severity.High),
        new("X9", "Removal of files or versions", "Staged files, partitions or versions are removed.", "There is no undo.", Effect.Review, Severity.High),
        new("X10", "Undrop", "A dropped object is brought back.", "It may collide with, or replace the meaning of, an object of the same name.", Effect.Review, Severity.Low),
        new("X11", "Project definition", "A project definition file decides which objects exist.", "What is no longer defined is dropped at the next deployment.", Effect.Review, Severity.High),
        new("X12", "Rebuild by dbt", "A dbt project is run in the account.", "With --full-refresh it drops and rebuilds tables.", Effect.Review, Severity.High),
    ];

    private static IEnumerable<SqlRule> Privileges() =>
    [
        new("P1", "Grant", "A privilege is granted.", "Somebody may do more than before.", Effect.Review, Severity.Medium),
        new("P2", "Broad grant", "A privilege is granted over a whole scope, to everybody, or with the right to pass it on.", "It opens far more than one object.", Effect.Deny, Severity.High),
        new("P3", "System role", "A system-defined administrator role is given away.", "Whoever holds it owns the account.", Effect.Deny, Severity.Critical),
        new("P4", "Ownership", "Ownership is transferred.", "The new owner controls the object, and existing grants may be wiped.", Effect.Deny, Severity.High),
        new("P5", "Indirect grant", "A caller grant, or a database, application or service role, is granted.", "Rights reach people through a chain that is easy to overlook.", Effect.Review, Severity.Medium),
        new("P6", "Revoke, or drop of a role or user", "Rights are taken away.", "People and jobs can stop working, and owned objects lose their owner.", Effect.Review, Severity.Medium),
        new("P7", "User or sign-in", "A user, role or the way a user signs in is created or changed.", "It is the usual way to keep access for later.", Effect.Deny, Severity.High),
        new("P8", "Token", "A token or authorisation is created.", "The result itself is a credential.", Effect.Deny, Severity.Critical),
        new("P9", "Protection removed", "A masking, row access or other policy, a tag or the SECURE property is removed.", "Hidden data becomes visible.", Effect.Deny, Severity.Critical),
        new("P10", "Protection changed", "A data protection policy is created, changed or replaced.", "A changed body can have the effect of removing it.", Effect.Review, Severity.High),
        new("P11", "Network, sign-in or session policy", "A network, authentication, password or session policy is changed.", "It decides who can reach the account at all.", Effect.Deny, Severity.Critical),
        new("P12", "Identity integration", "A security integration is changed.", "Whoever controls it can sign in as others.", Effect.Deny, Severity.Critical),
        new("P13", "Secret", "A secret is created or changed, or a credential stands in the text.", "The credential is visible to everybody who sees this text.", Effect.Review, Severity.High),
        new("P14", "Rights of the code", "With whose rights code runs is set or changed.", "Code with owner's rights lends them to everybody who may call it.", Effect.Review, Severity.Medium),
        new("P15", "Managed access", "Managed access of a schema is switched off.", "Owners may grant rights again without the schema's owner.", Effect.Review, Severity.High),
        new("P16", "Role switch", "The session's role is changed.", "Every later statement runs with other rights.", Effect.Review, Severity.Medium),
    ];

    private static IEnumerable<SqlRule> DataOut() =>
    [
        new("E1", "Unload outside", "Data is written to a place outside the account.", "It leaves the company's control.", Effect.Deny, Severity.Critical),
        new("E2", "Unload to a stage", "Data is written to files in a stage.", "It is the first half of a download.", Effect.Review, Severity.High),
        new("E3", "Download", "Staged files are written to the client's disk.", "Data leaves the account.", Effect.Deny, Severity.High),
        new("E4", "Upload", "Local files are read and stored in a stage.", "Keys and settings of this machine can leave it this way.", Effect.Review, Severity.High),
        new("E5", "Files moved or fetched", "Files are copied between stages, a stage is pointed elsewhere, or a repository is fetched.", "Files reach, or come from, another place.", Effect.Review, Severity.High),
        new("E6", "Way out: storage", "A stage, volume or integration with outside storage is created or changed.", "It is a way for data to leave.", Effect.Deny, Severity.High),
        new("E7", "Way out: network", "A network rule or integration lets code reach outside hosts.", "Code in the account can then send anything there.", Effect.Deny, Severity.High),
        new("E8", "External function", "A function or integration calls an outside address.", "Rows are sent there.", Effect.Deny, Severity.High),
        new("E9", "Notification", "A message is sent, or the way to send one is created.", "A message can carry data.", Effect.Deny, Severity.High),
        new("E10", "Share", "Data is shared with another account.", "Others read it without a copy or a login here.", Effect.Deny, Severity.Critical),
        new("E11", "Publication", "Data or code is published.", "Outside parties can obtain it.", Effect.Deny, Severity.Critical),
        new("E12", "Replication", "Data is replicated to, or fails over to, another account.", "A full copy lives elsewhere.", Effect.Deny, Severity.Critical),
        new("E13", "New account", "An account is created.", "It has administrators of its own.", Effect.Deny, Severity.Critical),
        new("E14", "Link to a file", "A link is made that lets its holder read a staged file.", "The link works for whoever has it.", Effect.Review, Severity.Medium),
        new("E15", "AI function", "Data is sent to an AI model.", "It costs, may be processed in another region, and rows can steer the model.", Effect.Review, Severity.Medium),
        new("E16", "Open table catalogue", "Tables are kept in, or synchronised with, an outside catalogue.", "Data or its description lives in open storage.", Effect.Review, Severity.High),
        new("E17", "Containers and instances", "A container service, gateway or instance is created or changed.", "It runs code and network traffic outside SQL.", Effect.Deny, Severity.High),
        new("E18", "Hidden channel", "A channel that can carry a few bytes is used: a tag, a log or an event.", "It is recorded so that a pattern can be found later.", Effect.Allow, Severity.Low),
        new("E19", "Result to a file", "The client writes results to a file.", "Data leaves the account.", Effect.Review, Severity.High),
        new("E20", "Copy of data", "A new table receives a copy of data.", "The target may be visible to others than the source.", Effect.Review, Severity.Medium),
    ];

    private static IEnumerable<SqlRule> Session() =>
    [
        new("S1", "Context", "The current database, schema or warehouse is changed.", "Short names mean other objects afterwards.", Effect.Allow, Severity.None),
        new("S2", "Variable or harmless parameter", "A session variable or a harmless session parameter is set.", "It is followed, because later statements can use it.", Effect.Allow, Severity.None),
        new("S3", "Session parameter", "A session parameter is changed that can change the meaning of later statements.", "Later statements may do something else than they seem to.", Effect.Review, Severity.Medium),
        new("S4", "Account", "The account or the organisation is changed.", "It concerns everybody.", Effect.Deny, Severity.Critical),
        new("S5", "Compute", "A warehouse, compute pool or resource monitor is changed, or running queries are stopped.", "It costs money, or stops other people's work.", Effect.Review, Severity.Medium),
        new("S6", "System function that acts", "A system function is called that changes something, or is not known to be harmless.", "It stands in a SELECT and looks like a read.", Effect.Review, Severity.High),
        new("S7", "Transaction", "A transaction begins or ends.", "DDL ends a transaction by itself, and COMMIT makes earlier changes final.", Effect.Allow, Severity.None),
        new("S8", "Large cost", "The statement can run very long or produce very much.", "It costs money and blocks others.", Effect.Review, Severity.Medium),
    ];

    private static IEnumerable<SqlRule> Code() =>
    [
        new("C1", "Procedure call", "A procedure is called.", "What it does is not visible here, and it may run with its owner's rights.", Effect.Review, Severity.Medium),
        new("C2", "Code for later", "Code is created or changed that runs later.", "It may run often, unattended, and with its owner's rights.", Effect.Review, Severity.Medium),
        new("C3", "Run or resume", "A task, alert, notebook or job is run or resumed.", "It runs now, or from now on.", Effect.Review, Severity.Medium),
        new("C4", "Method of an instance", "A method of a class instance is called or an instance is created.", "It runs code that is not visible here.", Effect.Review, Severity.Medium),
        new("C5", "Function of unknown effect", "A function is called that is not a known built-in.", "A user-defined or external function can do more than compute.", Effect.Review, Severity.Low),
        new("C6", "Sequence", "A value is taken from a sequence.", "The value is used up.", Effect.Allow, Severity.None),
        new("C7", "Stream consumed", "Rows of a stream may be consumed.", "A stream that was read by a write forgets those rows.", Effect.Review, Severity.Medium),
        new("C8", "Names shadowed", "A name is created or a search path set that shadows another.", "Later statements are led to something else.", Effect.Review, Severity.High),
        new("C9", "Continuous load or refresh", "Data is loaded or refreshed without further review.", "It runs from now on.", Effect.Review, Severity.Medium),
    ];

    private static IEnumerable<SqlRule> Reads() =>
    [
        new("R1", "Read", "Data is read.", "A fact, not a warning.", Effect.Allow, Severity.None),
        new("R2", "Sensitive read", "Account usage, history, sign-ins, grants or definitions are read.", "They can hold literals of other people's queries and help to find a way in.", Effect.Allow, Severity.Low),
        new("R3", "Earlier data", "Data is read as it was, or as it changed.", "Deleted rows are visible.", Effect.Allow, Severity.Low),
        new("R4", "Staged files", "Files in a stage are read.", "A fact, not a warning.", Effect.Allow, Severity.None),
        new("R5", "Metadata", "Only names and properties are read.", "A fact, not a warning.", Effect.Allow, Severity.None),
        new("R6", "Earlier result", "The result of an earlier query is read.", "It can come from a statement of another class.", Effect.Allow, Severity.Low),
    ];
}
