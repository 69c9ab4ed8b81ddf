"""What pictures there are, what they are called, and which part they are in; no pixels."""
