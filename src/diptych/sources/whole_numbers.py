"""Rows of whole numbers from 0 to 255, read as fast as memory allows: most pixel CSVs are such.

A number has at most three digits, so all numbers are read at once, with a handful of operations on
arrays: where the separators are, then the digit before each, the one before that, and the third.
Anything else in the text, and a reader that knows all of CSV has to have a look.
"""

import numpy as np
import numpy.typing as npt

# Bytes of text at once: what is made of them stays in the processor's cache.
BLOCK = 2**19

Bytes = npt.NDArray[np.uint8]


def whole_numbers(text: bytes, columns: int, delimiter: str) -> Bytes | None:
    """Lines of numbers as an array (rows, columns); None where anything else is in the text."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    text = text.rstrip(b"\n") + b"\n"
    parts, start = [], 0
    while start < len(text):
        end = text.rfind(b"\n", start, start + BLOCK) + 1 or text.index(b"\n", start) + 1
        rows = _rows(np.frombuffer(text, np.uint8)[start:end], columns, ord(delimiter))
        if rows is None:
            return None
        parts.append(rows)
        start = end
    return np.concatenate(parts)


def _rows(text: Bytes, columns: int, delimiter: int) -> Bytes | None:
    digit = text - np.uint8(48)
    end = np.flatnonzero(digit > 9)  # of each number
    if len(end) % columns:
        return None
    separator = text[end].reshape(-1, columns)
    if (separator[:, :-1] != delimiter).any() or (separator[:, -1] != ord("\n")).any():
        return None
    size = np.diff(end, prepend=-1) - 1
    if size.min() < 1 or size.max() > 3:
        return None
    value = digit[end - 1]
    long = np.flatnonzero(size > 1)
    if len(long):
        tens = digit[end[long] - 2]
        value[long] += 10 * tens
        longest = long[size[long] == 3]
        hundreds = digit[end[longest] - 3]
        # Up to 99 there is room for two hundreds only below 256.
        if (hundreds > 2).any() or ((hundreds == 2) & (value[longest] > 55)).any():
            return None
        value[longest] += 100 * hundreds
    return value.reshape(-1, columns)
