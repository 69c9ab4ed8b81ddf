"""How good a classifier is, where it fails and why: gathered, and shown as pages."""
