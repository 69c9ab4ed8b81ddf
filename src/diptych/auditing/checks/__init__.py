"""The checks of an audit: each is a plain function that yields what it finds."""
