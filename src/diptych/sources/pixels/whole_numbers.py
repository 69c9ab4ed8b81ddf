"""Rows of whole numbers from 0 to 255, read as fast as memory allows: most pixel CSVs are such.

A number has at most three digits, so all numbers are read at once: for every byte of the text, what
number would end with it; then only those before a separator are kept. That is two dozen
operations on arrays of bytes, which processors do 32 at a time. Anything else in the text, and a
reader that knows all of CSV has to have a look.
"""

import numpy as np
import numpy.typing as npt

# Bytes of text at once: what is made of them stays in the processor's cache.
BLOCK = 2**17
# Bytes before a text, so that each of its bytes has as many others before it.
MARGIN = 2
_LINE = ord("\n")

Bytes = npt.NDArray[np.uint8]


def whole_numbers(text: bytes, columns: int, delimiter: str) -> Bytes | None:
    """Lines of numbers as an array (rows, columns); None where anything else is in the text."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    if text.endswith(b"\n\n") or not text.endswith(b"\n"):
        text = text.rstrip(b"\n") + b"\n"
    whole = np.frombuffer(text, np.uint8)
    blocks, start = [], 0
    while start < len(text):
        end = text.rfind(b"\n", start, start + BLOCK) + 1 or text.index(b"\n", start) + 1
        blocks.append(whole[start:end])
        start = end
    read = _Reader(max(map(len, blocks)), columns, ord(delimiter)).read
    # A number takes two bytes at least, with what parts it from the next.
    numbers, filled = np.empty(len(text) // 2, np.uint8), 0
    for block in blocks:
        count = read(block, numbers[filled:])
        if not count:
            return None
        filled += count
    return numbers[:filled].reshape(-1, columns)


class _Reader:
    """Reads blocks of text in memory of its own: to ask for new each time would take twice as long.

    Most flags are bytes of 0 or 1, to calculate with.
    """

    def __init__(self, longest: int, columns: int, delimiter: int) -> None:
        self.columns, self.delimiter = columns, delimiter
        self.bytes = np.zeros((6, MARGIN + longest), np.uint8)
        self.flags = np.zeros((2, longest), bool)

    def read(self, text: Bytes, numbers: Bytes) -> int:
        """Put the numbers of a text where they belong; returns how many, 0 where it holds more."""
        n = len(text)
        before_2, before_1, here = (slice(at, at + n) for at in range(MARGIN + 1))
        value, digit, pair, number, hundreds, any_digit = self.bytes
        flag, ends = self.flags[:, :n]
        # Of each byte: what digit it is, and whether; whether it is the second in a row.
        np.subtract(text, ord("0"), out=value[here])
        np.less_equal(value[here], 9, out=digit[here].view(bool))
        value[here] *= digit[here]
        np.bitwise_and(digit[here], digit[before_1], out=pair[here])
        # Four digits in a row, or a separator that has none before it.
        np.bitwise_and(pair[here], pair[before_2], out=flag.view(np.uint8))
        np.bitwise_or(digit[here], digit[before_1], out=any_digit[here])
        if flag.any() or not any_digit[here].view(bool).all():
            return 0
        # The number that ends with each byte, if it is a digit: two of its digits, then the third.
        np.multiply(value[before_1], 10, out=number[here])
        number[here] += value[here]
        np.multiply(value[before_2], pair[here], out=hundreds[here])
        if hundreds[here].max() > 2:
            return 0
        hundreds[here] *= 100
        number[here] += hundreds[here]
        # Above 255 a byte starts again at 0.
        np.less(number[here], hundreds[here], out=flag)
        if flag.any():
            return 0
        np.logical_not(digit[here], out=ends)
        at = np.flatnonzero(ends)
        rows, rest = divmod(len(at), self.columns)
        if rest or len(at) > len(numbers):
            return 0
        np.equal(text, self.delimiter, out=flag)
        if np.count_nonzero(flag) != len(at) - rows:
            return 0
        if (text.take(at[self.columns - 1 :: self.columns]) != _LINE).any():
            return 0
        number[before_1].take(at, out=numbers[: len(at)], mode="clip")
        return len(at)
