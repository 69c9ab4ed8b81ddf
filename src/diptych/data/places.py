"""Where the bytes of a picture lie: in a file of this machine, or in an archive, store or table."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, TypeAlias
from urllib.parse import unquote, urlsplit

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Holder(Protocol):
    """What holds files that are no files of this machine: an archive, an address, a table."""

    def __str__(self) -> str: ...  # what messages call it

    def read(self, name: str) -> bytes:
        """The bytes of a file in it; raises OSError, or ImageError with the reason."""

    def size(self, name: str) -> int:
        """How many bytes it has; raises OSError where that is not known."""

    def open(self, name: str) -> IO[bytes]:
        """A file in it of any size, to be read in pieces; raises OSError, reading it too."""


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
        """It as a file that is open, to be read in pieces; raises OSError, reading it too."""
        return self.holder.open(self.within)


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """A place that is no path of this machine, such as s3://bucket/photos.

    It is shown without what may be secret in it: a user with a password, a query.
    """

    text: str

    def __str__(self) -> str:
        scheme, _, rest = self.text.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}".partition("?")[0]

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    @property
    def scheme(self) -> str:
        """What stands before ://, in small letters."""
        return self.text.partition("://")[0].lower()

    @property
    def name(self) -> str:
        """Its last part."""
        return str(self).rstrip("/").rpartition("/")[2]


def place_named(text: str) -> "Path | Address":
    """What a text names: an address where it begins with a scheme of two letters or more.

    A file:// address is a path of this machine.
    """
    if not _SCHEME.match(text):
        return Path(text)
    address = Address(text)
    if address.scheme != "file":
        return address
    return Path(unquote(urlsplit(text).path))


Place: TypeAlias = Path | Member


def size_of(place: Place) -> int:
    """How many bytes a file has; raises OSError where that cannot be known."""
    if isinstance(place, Member):
        return place.holder.size(place.within)
    return place.stat().st_size
