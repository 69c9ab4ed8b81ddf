"""What stands at the end of a Parquet file: how its rows are grouped, and words about it.

polars reads rows and does not tell where one group of them ends, of which all must be read for any
row. The footer is a struct in Thrift's compact protocol (parquet.thrift, `FileMetaData`).
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from diptych.errors import InputError

_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
_OF_DAMAGE = (ValueError, LookupError, TypeError, AttributeError)
_GROUPS, _WORDS, _ROWS = 4, 5, 3  # the numbers of fields


class Footer(NamedTuple):
    """How many rows each group has, and what was noted with the file."""

    rows: tuple[int, ...]
    words: Mapping[str, str]


def read_footer(path: Path, root: object) -> Footer:
    """The footer of a file, which is called `root`; raises InputError for a damaged one."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - 8, 0))
            length, magic = struct.unpack("<I4s", file.read(8))
            if magic == _ENCRYPTED:
                raise InputError(f"{root}: it is encrypted; write it without that")
            if magic != _MAGIC or length > size - 8:
                raise ValueError("no Parquet file, or one that was cut off")
            file.seek(size - 8 - length)
            fields = _Reader(file.read(length)).fields()
        groups = fields.get(_GROUPS, [])
        words = {
            pair[1].decode(): pair.get(2, b"").decode("utf-8", "replace")
            for pair in fields.get(_WORDS, [])
        }
        return Footer(tuple(int(group[_ROWS]) for group in groups), words)
    except OSError as cause:
        raise InputError(f"{root}: cannot be read: {cause.strerror or cause}") from cause
    except (struct.error, RecursionError, *_OF_DAMAGE) as cause:
        why = str(cause) if type(cause) is ValueError else "its footer is damaged"
        raise InputError(f"{root}: cannot be read: {why}; write or fetch it again") from cause


class _Reader:
    """Values of Thrift's compact protocol, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def fields(self) -> dict[int, Any]:
        """A struct, by the numbers of its fields."""
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            fields[number] = self._value(head & 15)
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        if kind == _BYTE:
            return self._byte()
        if kind < _DOUBLE:
            return self._signed()
        if kind == _DOUBLE:
            return self._bytes(8)
        if kind == _BINARY:
            return self._bytes(self._unsigned())
        if kind in (_LIST, _SET):
            return self._list()
        if kind == _STRUCT:
            return self.fields()
        raise LookupError(kind)

    def _list(self) -> list[Any]:
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._unsigned()
        kind = head & 15
        # In a list a truth is a byte.
        return [
            self._byte() if kind in (_TRUE, _FALSE) else self._value(kind) for _ in range(count)
        ]

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, length: int) -> bytes:
        self._at += length
        if self._at > len(self._data):
            raise LookupError(length)
        return self._data[self._at - length : self._at]

    def _unsigned(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
        return value | byte << shift

    def _signed(self) -> int:
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)
