"""Pictures and labels that a program has at hand: arrays, lists of names or of pictures of PIL."""

import atexit
import hashlib
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from diptych.data.class_order import in_order
from diptych.data.dataset import Dataset, Sample, Stray
from diptych.data.pixel_format import PixelValues
from diptych.errors import ImageError, InputError, described
from diptych.images.decoding import pixel_store
from diptych.images.preprocess import Pixels
from diptych.sources.inputs import in_memory, input_pictures
from diptych.sources.pixels.adding import add_pixels
from diptych.sources.tables.cells import is_number
from diptych.system.files import is_regular, write_file

# What the data set is called in messages.
ROOT = Path("pictures in memory")
_ANY_SHAPE = (1, 1, 3)  # of a network that takes any picture of the world
_FIRST = "item 1 of the list: "


def read_labelled(pictures: Any, labels: Any) -> Dataset:
    """Pictures with a label each, as a data set.

    uint8 arrays (N, H, W), (N, H, W, 1) or (N, H, W, 3) are pictures that come as pixels, as in a
    table of them. Lists hold names of files, or whatever `Predictor.predict` takes as one picture;
    what cannot be read is a stray. Raises InputError for anything else, and where labels and
    pictures are not equally many.
    """
    names = label_names(labels)
    pixels = _same_shape(pictures)
    items = pixels if pixels is not None else _list(pictures)
    if len(items) != len(names):
        raise InputError(f"{len(items):,} pictures and {len(names):,} labels; give one for each")
    if not names:
        raise InputError(f"{described(pictures)}: there is no picture in it")
    if pixels is not None:
        return _of_pixels(_with_channels(pixels), names)
    return _of_items(items, names)


def label_names(labels: Any) -> list[str]:
    """What the class of each label is called: 3 and 3.0 are "3".

    Raises InputError for what is no list of labels, and for a label that names no class.
    """
    shape = getattr(labels, "shape", None)
    if shape is not None and len(shape) != 1:
        raise InputError(
            f"labels are one a picture, (N,), not {described(labels)}; of rows with a 1 in the "
            "column of the class: labels.argmax(1)"
        )
    if isinstance(labels, str | bytes | Mapping | Set) or not isinstance(labels, Iterable):
        raise InputError(
            f"pictures want a label each, not {described(labels)}: read(pictures, labels)"
        )
    values = in_memory(labels) if hasattr(labels, "__array__") else labels
    return [_label_name(label, i) for i, label in enumerate(values, 1)]


def _label_name(label: Any, number: int) -> str:
    if isinstance(label, str):
        # As names of folders are.
        name = unicodedata.normalize("NFC", label.strip())
    elif isinstance(label, bool | np.bool):
        name = str(bool(label))
    elif is_number(str(label)) and float(label).is_integer():
        name = str(int(label))
    else:
        name = ""
    if not name:
        raise InputError(f"label {number}: {described(label)} is no class; give text or an integer")
    return name


def _same_shape(pictures: Any) -> Any:
    """An array, or pictures that are arrays of one shape, as an array; None for anything else."""
    if isinstance(pictures, Sequence) and not isinstance(pictures, str):
        shapes = {getattr(one, "shape", None) for one in pictures if hasattr(one, "__array__")}
        if len(shapes) != 1 or not all(hasattr(one, "__array__") for one in pictures):
            return None
        pictures = np.stack([in_memory(one) for one in pictures])
    if not hasattr(pictures, "__array__"):
        return None
    array = in_memory(pictures)
    return None if array.dtype.kind in "OUT" else array


def _with_channels(array: Any) -> Pixels:
    """Pixels (N, H, W, 1 or 3) of an array; raises InputError where it holds none."""
    fits = array.ndim == 3 or (array.ndim == 4 and array.shape[-1] in (1, 3))
    if array.dtype != np.uint8 or not fits or not array.size:
        raise InputError(
            f"{described(array)}: pictures are uint8, from 0 to 255: (N, H, W), or (N, H, W, 3) "
            "with the colours last"
        )
    pixels: Pixels = array[..., None] if array.ndim == 3 else array
    return pixels


def _list(pictures: Any) -> Sequence[Any]:
    if isinstance(pictures, str | bytes | Mapping | Set) or not isinstance(pictures, Iterable):
        raise InputError(
            f"{described(pictures)} is no list of pictures; labels go with arrays and lists, and "
            "folders and tables have their own"
        )
    return list(pictures)


def _of_pixels(pixels_NHWC: Pixels, labels: Sequence[str]) -> Dataset:
    shape = (*pixels_NHWC.shape[1:3], pixels_NHWC.shape[3])
    digests = add_pixels(pixel_store(shape), pixels_NHWC)
    samples = (
        Sample(f"picture {i}", label, ROOT, digest=digest)
        for i, (label, digest) in enumerate(zip(labels, digests, strict=True), 1)
    )
    note = f"{len(labels):,} pictures of {'×'.join(map(str, shape))}"
    values = PixelValues(0.0, 255.0)
    return Dataset(ROOT, in_order(labels), tuple(samples), (), shape, note, values=values)


def _of_items(items: Sequence[Any], labels: Sequence[str]) -> Dataset:
    """Files where they lie, and a temporary file for every picture that is in memory."""
    paths = [_path(item) for item in items]
    root = _common_folder(paths)
    samples, strays = list[Sample](), list[Stray]()
    names = set[str]()
    for i, (item, path, label) in enumerate(zip(items, paths, labels, strict=True), 1):
        name = path.relative_to(root).as_posix() if path and root != ROOT else f"picture {i}"
        # A file that is named twice is a duplicate, which an audit will find.
        name = f"{name}:{i}" if name in names else name
        names.add(name)
        try:
            samples.append(Sample(name, label, _existing(path) if path else _written(item, i)))
        except ImageError as error:
            strays.append(Stray(name, error.reason, error.detail))
    if not samples:
        reason, detail = strays[0].reason, strays[0].detail
        raise InputError(f"none of the {len(items):,} pictures can be read: {reason} ({detail})")
    return Dataset(root, in_order(labels), tuple(samples), tuple(strays))


def _path(item: Any) -> Path | None:
    """Where a picture that is named lies, whatever folder is the working one later."""
    if isinstance(item, str | os.PathLike) and item:
        return Path(os.path.abspath(os.fsdecode(item)))  # noqa: PTH100  # leaves no ".." in it
    return None


def _common_folder(paths: Sequence[Path | None]) -> Path:
    """The folder that all files lie below."""
    files = [path for path in paths if path is not None]
    if len(files) < len(paths) or len({path.drive for path in files}) > 1:
        return ROOT
    return Path(os.path.commonpath([path.parent for path in files]))


def _existing(path: Path) -> Path:
    if not is_regular(path):
        what = "a folder; give the files in it" if path.is_dir() else f"{path} is not there"
        raise ImageError("missing", what)
    return path


def _written(item: Any, number: int) -> Path:
    """A file of a picture in memory, which is there as long as this process."""
    try:
        (picture,) = input_pictures([item], _ANY_SHAPE)
    except InputError as error:
        raise InputError(f"picture {number}: {str(error).removeprefix(_FIRST)}") from error
    except ValueError as cause:
        raise InputError(f"picture {number}: {described(item)} is more than one") from cause
    data = picture.encoded()
    file = _temporary() / hashlib.sha256(data).hexdigest()
    if not file.exists():
        write_file(file, data)
    return file


@cache
def _temporary() -> Path:
    """A folder that is gone when this process is."""
    folder, owner = Path(tempfile.mkdtemp(prefix="diptych-")), os.getpid()

    def clear() -> None:
        if os.getpid() == owner:  # and not a copy of it
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(clear)
    return folder
