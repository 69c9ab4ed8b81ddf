"""Where the bytes of a picture lie: in a file of this machine, or in an archive, store or table."""

import io
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, TypeAlias


class Holder(Protocol):
    """What holds files that are no files of this machine: an archive, an address, a table."""

    def __str__(self) -> str: ...  # what messages call it

    def read(self, name: str) -> bytes:
        """The bytes of a file in it; raises OSError, or ImageError with the reason."""

    def size(self, name: str) -> int:
        """How many bytes it has; raises OSError where that is not known."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a holder; it is asked for its bytes as a path is."""

    holder: Holder
    within: str  # its path in the holder, in posix form

    def __str__(self) -> str:
        return f"{self.holder}/{self.within}"

    @property
    def name(self) -> str:
        """Its name without folders."""
        return PurePosixPath(self.within).name

    @property
    def suffix(self) -> str:
        """The ending of its name, with the dot."""
        return PurePosixPath(self.within).suffix

    def read_bytes(self) -> bytes:
        """All its bytes; raises OSError, or ImageError with the reason."""
        return self.holder.read(self.within)

    def open(self) -> IO[bytes]:
        """It as a file that is open; raises what `read_bytes` does."""
        return io.BytesIO(self.read_bytes())


@dataclass(frozen=True, slots=True)
class Address:
    """A place that is no path of this machine, such as s3://bucket/photos."""

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def name(self) -> str:
        """Its last part."""
        return self.text.rstrip("/").rpartition("/")[2]


Place: TypeAlias = Path | Member


def size_of(place: Place) -> int:
    """How many bytes a file has; raises OSError where that cannot be known."""
    if isinstance(place, Member):
        return place.holder.size(place.within)
    return place.stat().st_size
