"""The ways to train a network: its head alone, or all of it; a module for each."""
