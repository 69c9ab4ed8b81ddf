"""What the operating system gives and asks: processes, files, memory, progress, privacy."""
