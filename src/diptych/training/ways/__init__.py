"""The ways to train a network: its head alone, its last stages, or all of it; a module for each."""
