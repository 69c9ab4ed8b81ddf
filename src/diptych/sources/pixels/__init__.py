"""Pictures that come as numbers."""
