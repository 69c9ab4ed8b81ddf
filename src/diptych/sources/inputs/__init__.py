"""What can be answered for: names, pictures in memory, files that are open; one or many.

Whatever somebody gives becomes pictures with names, in its order. What is no picture at all is
refused at once; a picture that cannot be read is one with the reason in its place.
"""

import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, TextIO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from diptych.data.dataset import Dataset, Sample, Shape
from diptych.data.places import Address, Member, place_named
from diptych.data.splitting import Splits
from diptych.errors import ImageError, InputError, described, first_line
from diptych.images.decoding import read_file
from diptych.images.encoding import as_file
from diptych.images.in_memory import as_image, snapshot
from diptych.images.preprocess import BYTES_LIMIT, Pixels, decode, squash
from diptych.sources.inputs.patterns import expand_path
from diptych.sources.inputs.standard_input import read_standard_input
from diptych.sources.stores import is_store, pictures_in
from diptych.system.files import is_regular

Name: TypeAlias = str | os.PathLike[str]
Encoded: TypeAlias = bytes | bytearray | memoryview | IO[bytes]
OneInput: TypeAlias = Name | Member | Encoded | Image.Image | npt.NDArray[np.uint8]
Inputs: TypeAlias = "OneInput | InputPicture | Iterable[OneInput | InputPicture]"

TAKEN = (
    "give a name (file, folder or pattern), an encoded picture (bytes or an open file), a picture "
    "of PIL, or a uint8 array; one, or a list of them"
)
STDIN = "standard input"
_NO_LISTS: tuple[type, ...] = (Mapping, set, frozenset, type, Sample)
COLOURS = (1, 3, 4)  # how many numbers a pixel has: grey, RGB, RGB with opacity
_OF_ADDRESS = (
    "an address of the web, and nothing is fetched from there; download it and give the file, or "
    "pipe it in: curl -s ADDRESS | diptych predict BUNDLE -"
)
_OF_WEB = re.compile(r"(?:https?|ftps?|file):/|data:[\w/+.-]*[;,]")
_OF_PATH = "an address as a Path, which takes a slash from it; give it as text"
_SHORTENED = re.compile(r"[a-z][a-z0-9]+:/[^/]")


class InputPicture(NamedTuple):
    """A picture to answer for; where it cannot be read, the reason."""

    name: str
    content: Path | Member | bytes | Image.Image | ImageError

    def pixels(self, shape: Shape, bits: int = 0) -> Pixels:
        """The picture as pixels of a shape; raises ImageError where it cannot be read.

        `bits` is the depth of the pictures that white was told by, 0 where there were none.
        """
        if isinstance(self.content, Image.Image):
            return squash(self.content, shape, bits)
        return decode(self.encoded(), shape, bits).pixels

    def encoded(self) -> bytes:
        """The picture as a file; raises ImageError where it cannot be read."""
        match self.content:
            case Path() | Member():
                return read_file(self.content)
            case bytes():
                return self.content
            case Image.Image():
                return as_file(self.content)
            case ImageError():
                raise self.content


def input_pictures(inputs: Inputs, shape: Shape) -> Iterator[InputPicture]:
    """The pictures that somebody gives, for a network that takes pixels of a shape.

    A name stands for the files that it does on the command line. Bytes, open files and pictures of
    PIL are one each. Arrays are uint8: a picture (H, W, 3), or many (N, H, W, 3); of a last axis
    of 4 the fourth is opacity, one of 1 is grey. Without that axis they are (H, W), or (N, H, W) of
    the network's own height and width. Raises InputError for anything else, and where there is no
    picture: of a list before any of it is used, of other iterables when it is come to.
    """
    items: Iterable[Any] = (inputs,)
    if not _is_one(inputs):
        if not isinstance(inputs, Iterable) or isinstance(inputs, _NO_LISTS):
            raise InputError(_no_picture(inputs))
        items = inputs
    if isinstance(items, Sequence):
        if not items:
            raise InputError(f"no picture was named: {described(inputs)}; {TAKEN}")
        for i, item in enumerate(items, 1):
            where = f"item {i} of the {type(inputs).__name__}: " if items is inputs else ""
            _refuse(item, shape, where)
    return _pictures(items, shape)


def named_pictures(
    arguments: Iterable[str], standard_input: TextIO, files: str | None = None
) -> Iterator[InputPicture]:
    """The pictures that arguments of a command stand for, "-" for what is piped into it.

    `files` is the title of the column that names them, of a table. Raises InputError for an empty
    name, for a terminal that should be a pipe, and where there is no picture.
    """
    several = False
    for argument in arguments:
        if argument != "-":
            found = _named(argument, files)
        elif isinstance(piped := read_standard_input(standard_input), bytes):
            found = iter([InputPicture(STDIN, piped)] if piped else [])
        else:
            found = (InputPicture(str(path), path) for path in piped)
        for picture in found:
            several = True
            yield picture
    if not several:
        raise InputError(
            "no picture was named, and standard input is empty; give files, folders or patterns"
        )


def _is_one(value: object) -> bool:
    """Whether something is a picture, a name, or an array, which is for `_rows` to tell."""
    kinds = (str, os.PathLike, Member, bytes, bytearray, memoryview, Image.Image, InputPicture)
    is_open = hasattr(value, "read") and not isinstance(value, type)
    return isinstance(value, kinds) or is_open or _is_array(value)


def _is_array(value: object) -> bool:
    """Whether something is an array of NumPy or of another library; NumPy's texts are texts."""
    return hasattr(value, "__array__") and not isinstance(value, type | str | bytes)


def _no_picture(value: object) -> str:
    """What to say of what is no picture."""
    if isinstance(value, Dataset | Splits):
        return f"{described(value)} is no picture; evaluate() answers for a data set"
    return f"{described(value)} is no picture; {TAKEN}"


def _refuse(value: object, shape: Shape, where: str = "") -> None:
    """Raise InputError for what is no picture, or has no name."""
    if not _is_one(value):
        raise InputError(where + _no_picture(value))
    if isinstance(value, str) and not value:
        raise InputError(f"{where}a name is empty; name files, folders or patterns")
    if _is_array(value):
        _rows(value, shape, where)


def _pictures(items: Iterable[Any], shape: Shape) -> Iterator[InputPicture]:
    number = 0
    for item in _each(items, shape):
        number += 1
        if isinstance(item, InputPicture):
            yield item
        elif isinstance(item, Member):
            yield InputPicture(str(item), item)
        elif isinstance(item, str | os.PathLike):
            yield from _named(os.fsdecode(item))
        else:
            name = _own_name(item) or f"picture {number}"
            try:
                yield InputPicture(name, _content(item))
            except ImageError as error:
                yield InputPicture(name, error)
    if not number:
        raise InputError(f"no picture was named; {TAKEN}")


def _each(items: Iterable[Any], shape: Shape) -> Iterator[Any]:
    """The items one by one, those in arrays too."""
    for item in items:
        _refuse(item, shape)
        if _is_array(item):
            yield from _rows(item, shape)
        else:
            yield item


def _named(name: str, files: str | None = None) -> Iterator[InputPicture]:
    """The files that a name stands for, or a table names, or that lie at an address."""
    from diptych.sources.inputs.at_addresses import pictures_at
    from diptych.sources.inputs.in_tables import (  # which reads tables as data sets too
        is_list,
        named_by,
    )

    if not os.path.lexists(name):
        if _OF_WEB.match(name) or _SHORTENED.match(name):
            short = name if len(name) < 200 else f"{name[:200]}…"
            why = _OF_ADDRESS if _OF_WEB.match(name) else _OF_PATH
            yield InputPicture(short, ImageError("not a file", why))
            return
        if isinstance(address := place_named(name), Address):
            yield from (InputPicture(own, place) for own, place in pictures_at(address))
            return
    path = Path(name)
    if name and (inside := _within(path)) is not None:
        yield from inside
    elif name and is_list(path):
        yield from (InputPicture(own, place) for own, place in named_by(path, files))
    else:
        for path in expand_path(name):
            inside = _within(path)
            yield from [InputPicture(str(path), path)] if inside is None else inside


def _within(path: Path) -> list[InputPicture] | None:
    """The pictures in an archive or Parquet file, or why it cannot be read; None of other files."""
    try:
        inside = pictures_in(path) if is_store(path.name) and is_regular(path) else None
    except InputError as error:
        about = str(error).removeprefix(f"{path}: ").removeprefix("cannot be read: ")
        return [InputPicture(str(path), ImageError("unreadable", about))]
    return None if inside is None else [InputPicture(str(place), place) for place in inside]


def _own_name(item: Any) -> str:
    """What a file that is open is called, or the one that a picture of PIL is of; "" for others."""
    name = getattr(item, "filename" if isinstance(item, Image.Image) else "name", "")
    name = os.fsdecode(name) if isinstance(name, str | bytes) else ""
    return "" if name.startswith("<") else name  # such as <stdin>


def _content(item: Any) -> bytes | Image.Image:
    """What a picture is now, whatever its owner does with it next.

    Raises ImageError where it cannot be read, InputError for a file that is open as text.
    """
    if isinstance(item, np.ndarray):
        return as_image(item)
    if isinstance(item, Image.Image):
        return snapshot(item)
    if not hasattr(item, "read"):
        return bytes(item)
    is_text = isinstance(item, io.TextIOBase)
    try:
        if getattr(item, "seekable", lambda: hasattr(item, "seek"))():
            item.seek(0)  # a file that was just written is at its end
        data = "" if is_text else item.read(BYTES_LIMIT + 1)
    except (OSError, ValueError) as cause:
        raise ImageError("unreadable", first_line(cause).lower()) from cause
    if not isinstance(data, bytes | bytearray):
        raise InputError(f"{described(item)} gives text; open it as bytes: open(name, 'rb')")
    return bytes(data)


def in_memory(array: Any, where: str = "") -> npt.NDArray[Any]:
    """An array of any library as one of NumPy; raises InputError where it refuses."""
    try:
        return np.asarray(array)
    except Exception as cause:
        # Tensors refuse in their own ways: on a GPU, or with gradients.
        raise InputError(f"{where}{described(array)} is no array in memory; {TAKEN}") from cause


def _rows(array: Any, shape: Shape, where: str = "") -> list[Any]:
    """The pictures that an array holds, or its items; raises InputError where they are none."""
    pixels = in_memory(array, where)
    if pixels.dtype.kind in "OUT" and pixels.ndim == 1 and pixels.size:
        items: list[Any] = pixels.tolist()
        for i, item in enumerate(items, 1):
            _refuse(item, shape, f"{where}item {i} of {described(array)}: ")
        return list(_each(items, shape))
    many = _many(pixels, shape) if pixels.dtype == np.uint8 and pixels.size else None
    if many is None:
        height, width, channels = shape
        own = f", or (N, {height}, {width})" if channels == 1 else ""
        raise InputError(
            f"{where}{described(array)} is no picture; arrays are uint8, from 0 to 255, with the "
            f"colours last: (H, W, 3) or (N, H, W, 3){own}"
        )
    return list(many)


def _many(pixels: Pixels, shape: Shape) -> Pixels | None:
    """An array with an axis of pictures at its front; None where it holds none."""
    height, width, channels = shape
    if channels == 1 and pixels.ndim in (2, 3) and pixels.shape[-2:] == (height, width):
        return pixels.reshape(-1, height, width)
    if pixels.ndim in (3, 4) and pixels.shape[-1] in COLOURS:
        return pixels.reshape(-1, *pixels.shape[-3:])
    # A row of numbers is no grey picture.
    grey = channels == 3 and pixels.ndim == 2 and pixels.shape[1] != height * width * channels
    return pixels[None] if grey else None
