"""What the operating system gives and asks: processes, interrupts, files, processors, progress."""
