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
    line = np.flatnonzero(text == ord("\n"))
    others = np.count_nonzero(text == delimiter) + len(line) - len(end)
    if others or len(end) != columns * len(line) or (end[columns - 1 :: columns] != line).any():
        return None
    apart = np.diff(end)
    if end[0] not in (1, 2, 3) or apart.min() < 2 or apart.max() > 4:
        return None
    value = digit.take(end - 1)
    long = np.flatnonzero(apart > 2) + 1
    if end[0] > 1:
        long = np.concatenate([[0], long])
    if len(long):
        ends = end.take(long)
        found = value.take(long) + 10 * digit.take(ends - 2)
        longest = np.flatnonzero(np.concatenate([[end[0] > 2], apart > 3]).take(long))
        hundreds = digit.take(ends.take(longest) - 3)
        # Above two hundreds and 55 there is no room in a byte.
        if (hundreds > 2).any() or ((hundreds == 2) & (found.take(longest) > 55)).any():
            return None
        found[longest] += 100 * hundreds
        value[long] = found
    return value.reshape(-1, columns)
