"""Pictures on their way to other processes, which may see other files than this one does."""

import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

from diptych.data.dataset import Shape
from diptych.data.places import Place
from diptych.errors import ImageError, InputError
from diptych.images.decoding import CHUNK, Picture, PixelStore, read_file, read_picture
from diptych.images.preprocess import Pixels
from diptych.images.store import Facts
from diptych.system.workplace import Workplace

T = TypeVar("T")

# Pictures that travel at a time.
EACH = 16
# What travels of a picture: the name of a file that everybody sees, what is in it, or why not.
Parcel: TypeAlias = Path | bytes | ImageError


class Unread(NamedTuple):
    """A file that a worker could not read, and where that was."""

    error: ImageError
    node: str


def parcel(place: Place) -> Parcel:
    """What is sent of a picture: of a file its name, of what lies in an archive its bytes."""
    if isinstance(place, Path):
        return place.absolute()
    try:
        return read_file(place)
    except ImageError as error:
        return error


def unpacked(sent: Parcel) -> bytes | ImageError | Unread:
    """The bytes of a picture, where a worker is."""
    if not isinstance(sent, Path):
        return sent
    try:
        return read_file(sent)
    except ImageError as error:
        return Unread(error, platform.node())


def same_here(place: object, unread: Unread) -> ImageError:
    """Why a file cannot be read here either; raises InputError where it can."""
    if not isinstance(place, Path):
        return unread.error
    try:
        read_file(place)
    except ImageError as error:
        return error
    raise InputError(
        f"{place}: the worker on {unread.node} does not see what is here ({unread.error}); mount "
        "the folder on every node, at the same place"
    )


def lost_picture(reason: str) -> ImageError:
    """Why a picture cannot be used that no worker survives."""
    return ImageError("unreadable", reason)


def batches(rows: Iterable[T], size: int = EACH) -> Iterator[list[T]]:
    """Rows that may have no end, some at a time."""
    iterator = iter(rows)
    while some := list(islice(iterator, size)):
        yield some


def decoded_elsewhere(
    place: Workplace, paths: Iterable[Place], store: PixelStore
) -> Iterator[list[tuple[Picture, Pixels | None]]]:
    """What files turned out to be, and pixels that the store has not, in their order; by chunks.

    Raises InputError for a file that is here, and not where it should be decoded.
    """
    own: deque[Place] = deque()

    def parcels() -> Iterator[Parcel]:
        for path in paths:
            own.append(path)
            yield parcel(path)

    make = partial(_decoder, store.picture_shape, store.bits, frozenset(store.keys()))
    with closing(place.map(make, batches(parcels()), _lost)) as rows:
        while chunk := list(islice(rows, CHUNK)):
            yield [_arrived(own.popleft(), row, store) for row in chunk]


# A picture without its place, and its pixels; or a file that was not there.
_Row: TypeAlias = tuple[Picture, Pixels | None] | Unread
_NOWHERE = Path()


class _Known:
    """What a worker knows of a store: whether a picture is in it."""

    def __init__(self, shape: Shape, bits: int, digests: frozenset[str]) -> None:
        self.shape, self.bits, self._digests = shape, bits, digests

    def __contains__(self, digest: str) -> bool:
        return digest in self._digests

    def facts(self, digest: str) -> Facts:
        return {}


def _decoder(
    shape: Shape, bits: int, digests: frozenset[str]
) -> Callable[[Sequence[Parcel]], list[_Row]]:
    """What decodes pictures, where a worker is."""
    known = _Known(shape, bits, digests)

    def row(sent: Parcel) -> _Row:
        match unpacked(sent):
            case bytes(data):
                return read_picture(_NOWHERE, data, known)
            case ImageError() as error:
                return _refused(error)
            case Unread() as unread:
                return unread

    return lambda chunk: [row(sent) for sent in chunk]


def _arrived(path: Place, row: _Row, store: PixelStore) -> tuple[Picture, Pixels | None]:
    """A row as it would be if the picture had been decoded here."""
    if isinstance(row, Unread):
        row = _refused(same_here(path, row))
    picture, pixels = row
    if pixels is None and picture.digest in store:
        picture = Picture(_NOWHERE, picture.digest, **store.facts(picture.digest))
    return picture._replace(path=path), pixels


def _refused(error: ImageError) -> tuple[Picture, None]:
    return Picture(_NOWHERE, "", error.reason, error.detail), None


def _lost(sent: Parcel, reason: str) -> _Row:
    return _refused(lost_picture(reason))
