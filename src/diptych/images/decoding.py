"""Files to cached pixels: each file is read once, decoded once, on every core."""

import hashlib
import os
import stat
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, Protocol

from diptych.data.dataset import Sample, Shape
from diptych.data.places import Member, Place, size_of
from diptych.errors import ImageError
from diptych.images.cache import folder
from diptych.images.preprocess import BYTES_LIMIT, NO_MEMORY, Pixels, decode, fingerprint
from diptych.images.rows import in_batches
from diptych.images.store import Facts, Store
from diptych.system.ahead import mapped_ahead
from diptych.system.files import ENDLESS
from diptych.system.workplace import elsewhere

# Rows written at a time: enough to make the wait for the disk rare, little enough to lose.
CHUNK = 64


class Picture(NamedTuple):
    """What one file turned out to be."""

    path: Place
    digest: str = ""  # SHA-256 of its bytes; "" where they could not be read
    reason: str = ""  # why it cannot be used; "" where it can
    detail: str = ""
    width: int = 0  # pixels, as a viewer shows it
    height: int = 0
    format: str = ""
    bits: int = 0  # that its levels need, where those of the file are more than 8
    extra_bands: int = 0  # beside its colours, that were left out


class PixelStore(Store):
    """Pictures squashed to a shape, at the depth of a data set."""

    def __init__(self, shape: Shape, bits: int) -> None:
        super().__init__(folder() / "pixels" / fingerprint(shape, bits), shape, "uint8")
        self.picture_shape, self.bits = shape, bits


def pixel_store(shape: Shape, bits: int = 0) -> PixelStore:
    """The cache of pictures squashed to a shape; `bits` is the depth of their data set, if known.

    That makes a difference to pictures of more than 8 bits alone, which those in a table are not.
    """
    return PixelStore(shape, bits)


def decode_files(paths: Iterable[Place], store: PixelStore) -> Iterator[Picture]:
    """Decode files into a store from `pixel_store`; yields what each turned out to be, in order.

    Pictures that the store has already are read to know their content, and not decoded again.
    """

    # The next chunk is being decoded while this one is written.
    with closing(_in_chunks(paths, store)) as chunks:
        for chunk in chunks:
            rows = {
                picture.digest: (pixels, _facts(picture))
                for picture, pixels in chunk
                if picture.digest
                and picture.digest not in store
                # Another time there may be more memory.
                and picture.detail != NO_MEMORY
            }
            if rows:
                store.add((digest, *row) for digest, row in rows.items())
            yield from (picture for picture, _ in chunk)


def copy_alike(pictures: Iterable[Picture], source: PixelStore, target: PixelStore) -> None:
    """Bring into a store of another depth what looks the same there: it is not decoded again.

    The source knows no depth, so that grey of 13 to 16 bits, and all colours, count as 16 there.
    """
    alike = [
        picture.digest
        for picture in pictures
        if source.has_row(picture.digest)
        and picture.digest not in target
        and (picture.bits == 0 or (target.bits == 16 and picture.bits > 12))
    ]
    for digests in in_batches(list(dict.fromkeys(alike)), CHUNK):
        rows = zip(digests, source.read(digests), strict=True)
        target.add((digest, row, source.facts(digest)) for digest, row in rows)


def stored_pictures(samples: Iterable[Sample], store: Store) -> Iterator[Picture]:
    """What the store has noted of samples whose pixels are in it already."""
    for sample in samples:
        yield Picture(sample.path, sample.digest, **store.facts(sample.digest))


def read_file(path: Place) -> bytes:
    """The bytes of a file, wherever it lies.

    Raises ImageError with the reason "not an image" for a folder, pipe or device, "too large",
    "permission denied" or "unreadable".
    """
    try:
        if isinstance(path, Member):
            return _read_member(path)
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ImageError("not an image", _folder(path))
        if not stat.S_ISREG(status.st_mode):
            raise ImageError("not an image", ENDLESS)
        if status.st_size > BYTES_LIMIT:
            raise ImageError("too large", f"{status.st_size:,} bytes; the limit is {BYTES_LIMIT:,}")
        return path.read_bytes()
    except PermissionError as cause:
        raise ImageError("permission denied", "it may not be read") from cause
    except (OSError, ValueError) as cause:
        # ValueError: a NUL in the name.
        said = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
        raise ImageError("unreadable", said.lower()) from cause


def _read_member(place: Member) -> bytes:
    size = size_of(place)
    if size > BYTES_LIMIT:
        raise ImageError("too large", f"{size:,} bytes; the limit is {BYTES_LIMIT:,}")
    return place.read_bytes()


def _folder(path: Path) -> str:
    with os.scandir(path) as entries:
        return "a folder; give the files in it" if any(entries) else "a folder with no file in it"


def _in_chunks(
    paths: Iterable[Place], store: PixelStore
) -> Generator[list[tuple[Picture, Pixels | None]], None, None]:
    """What files turned out to be, with the pixels that the store has not."""

    def read(path: Place) -> tuple[Picture, Pixels | None]:
        try:
            return read_picture(path, read_file(path), store)
        except ImageError as error:
            return Picture(path, "", error.reason, error.detail), None

    if place := elsewhere():
        from diptych.images.elsewhere import decoded_elsewhere

        yield from decoded_elsewhere(place, paths, store)
    else:
        with closing(mapped_ahead(read, paths, CHUNK)) as chunks:
            yield from chunks


class Decoded(Protocol):
    """What is known of the pictures that were decoded already, and how the others are to be."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def bits(self) -> int: ...

    def __contains__(self, digest: str, /) -> bool: ...

    def facts(self, digest: str, /) -> Facts: ...


def read_picture(path: Place, data: bytes, store: Decoded) -> tuple[Picture, Pixels | None]:
    """What the bytes of a file turn out to be, and its pixels where the store has not got them."""
    digest = hashlib.sha256(data).hexdigest()
    if digest in store:
        return Picture(path, digest, **store.facts(digest)), None
    try:
        rows, columns, channels = store.shape
        decoded = decode(data, (rows, columns, channels), store.bits)
        facts = {key: value for key, value in decoded._asdict().items() if key != "pixels"}
        return Picture(path, digest, **facts), decoded.pixels
    except ImageError as error:
        return Picture(path, digest, error.reason, error.detail), None


def _facts(picture: Picture) -> Facts:
    """What the store keeps of a picture: all but where it lay."""
    facts = picture._asdict()
    del facts["path"], facts["digest"]
    return facts
