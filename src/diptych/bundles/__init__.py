"""A classifier as one directory, and that directory at work."""
