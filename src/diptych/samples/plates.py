"""A folder of drawn photographs, pizzas and round things that are no pizza, with known defects."""

import csv
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageEnhance

from diptych.errors import InputError
from diptych.samples.scene import photograph

LABELS = ("pizza", "not_pizza")
SHARES = {  # of the clean pictures; of each defect there is at least one
    "truncated": 0.01,
    "empty": 0.005,
    "not an image": 0.005,
    "corrupted": 0.01,
    "too small": 0.005,
    "rotated exif": 0.02,
    "lying extension": 0.01,
    "wrong label": 0.02,
    "exact duplicate": 0.02,
    "near duplicate": 0.03,
    "two labels": 0.01,
}
COPIES = ("exact duplicate", "near duplicate", "two labels")
NOT_FOUND = b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head></html>\n"
STORED = {  # how a picture is turned that this EXIF orientation turns back (EXIF 2.3, 4.6.4)
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


class Planted(NamedTuple):
    """A defect that an audit should find."""

    path: str  # relative to the folder, with forward slashes
    defect: str  # one of SHARES
    original: str  # the picture it was made from, or "" if it was drawn for the purpose


def draw_plates(
    directory: Path, count: int = 400, seed: int = 0, defects: bool = True
) -> Iterator[Path]:
    """Draw `count` pictures, half of them pizzas, then the defects; yield where each will be.

    Picture i depends on the seed and on i alone. `planted.csv` lists the defects. No picture is
    copied twice, so the smallest counts do without the last of SHARES. The folder appears when all
    is drawn. Raises InputError if it is there already, if `count` < 2, or if `seed` < 0.
    """
    if directory.exists():
        raise InputError(f"{directory} exists already; name a new folder")
    if count < 2:
        raise InputError(f"--count must be at least 2, not {count}")
    if seed < 0:
        raise InputError(f"--seed must be at least 0, not {seed}")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as scratch:
        folder = Path(scratch) / directory.name
        for label in LABELS:
            (folder / label).mkdir(parents=True)
        for index in range(count):
            rng = np.random.default_rng((seed, index))
            picture = photograph(rng, pizza=index % 2 == 0)
            content = encoded(picture, quality=int(rng.integers(80, 96)))
            (folder / picture_path(index)).write_bytes(content)
            yield directory / picture_path(index)
        planted = []
        for row, content in spoilt(folder, count, seed) if defects else ():
            (folder / row.path).write_bytes(content)
            planted.append(row)
            yield directory / row.path
        if defects:
            with (folder / "planted.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file, lineterminator="\n").writerows([Planted._fields, *planted])
        folder.rename(directory)


def spoilt(folder: Path, count: int, seed: int) -> Iterator[tuple[Planted, bytes]]:
    """Every defect, and the bytes of its file."""
    defects = planned_defects(count)
    sources = np.random.default_rng((seed, count + len(defects))).permutation(count).tolist()
    for index, (defect, nth) in enumerate(defects, start=count):
        rng = np.random.default_rng((seed, index))
        if defect not in COPIES:
            mistaken = defect == "wrong label"
            picture = photograph(rng, pizza=(index % 2 == 0) != mistaken)
            yield Planted(picture_path(index), defect, ""), damaged(picture, defect, nth, rng)
        elif sources:
            source = sources.pop()
            content = (folder / picture_path(source)).read_bytes()
            if defect == "near duplicate":
                content = altered(content, nth, rng)
            label = LABELS[(source + (defect == "two labels")) % 2]
            yield Planted(picture_path(index, label), defect, picture_path(source)), content


def planned_defects(count: int) -> list[tuple[str, int]]:
    """The defects among so many pictures: each with its number among its kind."""
    return [
        (defect, nth)
        for defect, share in SHARES.items()
        for nth in range(max(1, round(share * count)))
    ]


def picture_path(index: int, label: str = "") -> str:
    """The path of a picture; unless a label is given, pizzas and others take turns."""
    label = label or LABELS[index % 2]
    return f"{label}/{label}_{index:04d}.jpg"


def damaged(picture: Image.Image, defect: str, nth: int, rng: np.random.Generator) -> bytes:
    """The file of a picture with this defect; where a defect has several forms, they take turns."""
    quality = int(rng.integers(80, 96))
    content = encoded(picture, quality)
    match defect:
        case "truncated":
            return content[: len(content) * 6 // 10]
        case "empty":
            return b""
        case "not an image":
            return NOT_FOUND
        case "corrupted":
            return rng.bytes(1000) + content[1000:]
        case "too small":
            return encoded(picture.resize((12, 9)), quality)
        case "rotated exif":
            exif, orientation = Image.Exif(), list(STORED)[nth % len(STORED)]
            exif[ExifTags.Base.Orientation] = orientation
            return encoded(picture.transpose(STORED[orientation]), quality, exif=exif.tobytes())
        case "lying extension":
            return encoded(picture, quality, ("PNG", "WEBP")[nth % 2])
        case _:  # the picture is sound, its label is not
            return content


def altered(content: bytes, nth: int, rng: np.random.Generator) -> bytes:
    """The file of a picture changed a little: smaller, coarser, cropped or brighter, in turn."""
    picture, quality = Image.open(BytesIO(content)), int(rng.integers(80, 96))
    size = np.array(picture.size)
    match nth % 4:
        case 0:
            width, height = (0.6 * size).round().astype(int).tolist()
            return encoded(picture.resize((width, height)), quality)
        case 1:
            return encoded(picture, 40)
        case 2:
            near, far = rng.uniform(0.03, 0.06, 2) * size, (1 - rng.uniform(0.03, 0.06, 2)) * size
            left, top, right, bottom = np.append(near, far).round().astype(int).tolist()
            return encoded(picture.crop((left, top, right, bottom)), quality)
        case _:
            return encoded(ImageEnhance.Brightness(picture).enhance(1.15), quality)


def encoded(picture: Image.Image, quality: int, format: str = "JPEG", exif: bytes = b"") -> bytes:
    file = BytesIO()
    picture.save(file, format, quality=quality, exif=exif)
    return file.getvalue()
