using EditorBridge.McpFixture;

// An MCP server to put behind the gateway in tests: everything the public conformance suite calls, and tools that misbehave on request.
//   (nothing)      stdio, both revisions
//   --legacy       only 2025-11-25 and older; over HTTP with sessions
//   --modern       only 2026-07-28
//   --http         streamable HTTP on a free port of 127.0.0.1; the address is printed as one line of JSON
//   --token TEXT   over HTTP: asks for this bearer token
var era = args.Contains("--legacy") ? Era.Legacy : args.Contains("--modern") ? Era.Modern : Era.Both;
var token = Array.IndexOf(args, "--token") is >= 0 and var at ? args[at + 1] : null;
if (args.Contains("--http")) await FixtureHost.RunHttpAsync(era, token);
else await FixtureHost.RunStdioAsync(era);
