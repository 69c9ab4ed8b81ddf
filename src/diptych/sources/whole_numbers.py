"""Rows of whole numbers from 0 to 255, read as fast as memory allows: most pixel CSVs are such.

A number has at most three digits, so all numbers are read at once: for every byte of the text, what
number would end just before it; then only those before a separator are kept. That is a dozen
operations on arrays of bytes, which processors do 32 at a time. Anything else in the text, and a
reader that knows all of CSV has to have a look.
"""

import numpy as np
import numpy.typing as npt

# Bytes of text at once: what is made of them stays in the processor's cache.
BLOCK = 2**17
# Bytes before a text, so that each of its bytes has as many others and a separator before it.
MARGIN = 4
_LINE = ord("\n")

Bytes = npt.NDArray[np.uint8]


def whole_numbers(text: bytes, columns: int, delimiter: str) -> Bytes | None:
    """Lines of numbers as an array (rows, columns); None where anything else is in the text."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    text = text.rstrip(b"\n") + b"\n"
    whole = np.frombuffer(text, np.uint8)
    blocks, start = [], 0
    while start < len(text):
        end = text.rfind(b"\n", start, start + BLOCK) + 1 or text.index(b"\n", start) + 1
        blocks.append(whole[start:end])
        start = end
    read = _Reader(max(map(len, blocks)), columns, ord(delimiter)).read
    numbers, filled = np.empty(text.count(b"\n") * columns, np.uint8), 0
    for block in blocks:
        found = read(block, numbers[filled:])
        if not found:
            return None
        filled += found
    return numbers.reshape(-1, columns)


class _Reader:
    """Reads blocks of text in memory of its own: to ask for new each time would take twice as long.

    Flags are bytes of 0 or 1, to calculate with.
    """

    def __init__(self, longest: int, columns: int, delimiter: int) -> None:
        self.columns, self.delimiter = columns, delimiter
        byte, value, digit = (np.full(longest + MARGIN, _LINE, np.uint8) for _ in range(3))
        self.memory = byte, value, digit, *(np.empty(longest, np.uint8) for _ in range(5))

    def read(self, text: Bytes, numbers: Bytes) -> int:
        """Put the numbers of a text where they belong; returns how many, 0 where it holds more."""
        n = len(text)
        byte, value, digit = (array[: n + MARGIN] for array in self.memory[:3])
        below_hundred, long, hundreds, wrong, ends = (array[:n] for array in self.memory[3:])
        byte[MARGIN:] = text
        np.subtract(byte, ord("0"), out=value)
        np.less_equal(value, 9, out=digit.view(bool))
        value *= digit
        # The bytes one, two, three and four before each byte of the text.
        ones, tens, third = value[3:-1], value[2:-2], value[1:-3]
        is_1, is_2, is_3, is_4 = digit[3:-1], digit[2:-2], digit[1:-3], digit[:-4]
        np.multiply(tens, is_1, out=below_hundred)
        below_hundred *= 10
        below_hundred += ones
        np.bitwise_and(is_1, is_2, out=long)
        np.multiply(third, long, out=hundreds)
        # Four digits in a row, or a separator that has none before it.
        long &= is_3
        long &= is_4
        np.less(digit[MARGIN:], 1, out=ends.view(bool))
        np.greater(ends, is_1, out=wrong.view(bool))
        wrong |= long
        if wrong.any():
            return 0
        at = np.flatnonzero(ends.view(bool))
        if len(at) % self.columns or len(at) > len(numbers):
            return 0
        marks = text.take(at).reshape(-1, self.columns)
        if (marks[:, :-1] != self.delimiter).any() or (marks[:, -1] != _LINE).any():
            return 0
        found, hundred = below_hundred.take(at), hundreds.take(at)
        # Above two hundreds and 55 there is no room in a byte.
        if hundred.max() > 2 or ((hundred == 2) & (found > 55)).any():
            return 0
        hundred *= 100
        np.add(found, hundred, out=numbers[: len(at)])
        return len(at)
