return await EditorBridge.Cli.CommandLine.RunAsync(args);
