"""Text that people read, whatever names of files are in it."""

import unicodedata


def printable(text: str) -> str:
    """Text without line breaks and control characters: they are written as escapes."""
    odd = {c for c in text if unicodedata.category(c) in ("Cc", "Cs")}
    return text.translate({ord(c): c.encode("unicode_escape").decode() for c in odd})
