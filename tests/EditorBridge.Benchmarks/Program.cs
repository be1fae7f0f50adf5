Console.Error.WriteLine("No benchmark was named.");
return 2;
