"""Properties of pictures that have nothing to do with what is on them, or little.

Of files: format, size, shape, compression, camera, day. Of pixels: the border, grey or colour,
brightness; and bytes per pixel, which depend on both.
"""

import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from diptych.auditing.material import Material
from diptych.auditing.measures import Measures
from diptych.data.dataset import Sample
from diptych.images.decoding import Picture
from diptych.images.headers import Header, read_header

# Formats in which cameras write what they are.
_OF_CAMERAS = ("JPEG", "MPO", "TIFF", "HEIF", "AVIF")
# Sides with one colour that make a border; how far apart the pixels of one may be.
_SIDES, _EVEN = 3, 8
_GREY = 6  # levels between the channels of a pixel, at most

# A name, a number, or None where the property makes no sense.
Value: TypeAlias = str | float | None


class Property(NamedTuple):
    """A property with its value for each picture."""

    name: str
    values: Sequence[Value]
    written: Callable[[float], str]  # a number as people read it
    advice: str
    of_content: bool = False  # what is on a picture has to do with it


def properties(material: Material, positions: Sequence[int]) -> Iterator[Property]:
    """Every property of the pictures at some positions of the data set."""
    if not material.dataset.shape:
        samples = [material.dataset.samples[i] for i in positions]
        yield from _of_files(samples, [material.pictures[sample.name] for sample in samples])
    yield from _of_pixels(material.measures, positions)


def _of_files(samples: Sequence[Sample], pictures: Sequence[Picture]) -> Iterator[Property]:
    same = "save all pictures in the same way, at one size, before training"
    yield Property("format", [picture.format for picture in pictures], str, same)
    areas = [float(picture.width * picture.height) for picture in pictures]
    yield Property("size", areas, _written_area, same)
    shapes = [picture.width / picture.height for picture in pictures]
    yield Property("aspect ratio", shapes, lambda x: f"{x:.2f}", "crop all to the same shape")
    headers = [read_header(sample.path) for sample in samples]
    both = list(zip(headers, pictures, strict=True))
    coarseness: list[Value] = [header.coarseness or None if header else None for header in headers]
    yield Property("compression", coarseness, lambda x: f"steps of {x:.1f}", same)
    density: list[Value] = [h.bytes / (p.width * p.height) if h else None for h, p in both]
    yield Property("bytes per pixel", density, lambda x: f"{x:.3f}", same, of_content=True)
    more = "take pictures of every class with every camera, on every day"
    cameras: list[Value] = [_if_of_camera(*one, _camera) for one in both]
    yield Property("camera", cameras, str, more)
    days: list[Value] = [_if_of_camera(*one, _day) for one in both]
    yield Property("date", days, _written_day, more)


def _of_pixels(measures: Measures, positions: Sequence[int]) -> Iterator[Property]:
    sides_NE = measures.uneven_NE <= _EVEN
    colour_NC = np.median(measures.edge_NEC, axis=1)
    borders: list[Value] = [
        f"around {_colour(colour_NC[i])}" if sides_NE[i].sum() >= _SIDES else "none"
        for i in positions
    ]
    yield Property("border", borders, str, "crop the borders off")
    edges: list[Value] = [_colour(measures.edge_NEC[i].mean(0)) for i in positions]
    other = "find pictures of every class before every background"
    yield Property("colour at the edges", edges, str, other, of_content=True)
    greys: list[Value] = ["grey" if measures.chroma_N[i] <= _GREY else "colour" for i in positions]
    yield Property("grey or colour", greys, str, "make all pictures grey, or find others")
    brightness: list[Value] = [float(measures.level(0.5)[i]) for i in positions]
    light = "take pictures of every class in every light"
    yield Property("brightness", brightness, lambda x: f"{x:.0f}", light, of_content=True)


def _if_of_camera(
    header: Header | None, picture: Picture, value: Callable[[Header], Value]
) -> Value:
    return value(header) if header and picture.format in _OF_CAMERAS else None


def _camera(header: Header) -> str:
    return header.camera or "none"


def _day(header: Header) -> float | str:
    try:
        return float(datetime.date.fromisoformat(header.taken).toordinal())
    except ValueError:
        return "none"


def _written_area(area: float) -> str:
    return f"{area:,.0f} pixels"


def _written_day(day: float) -> str:
    return datetime.date.fromordinal(round(day)).isoformat()


def _colour(colour_C: np.ndarray) -> str:
    """A colour as it is written, in steps of 64."""
    levels = np.minimum(np.round(colour_C / 64) * 64, 255).astype(int).tolist()
    return "#" + "".join(f"{level:02x}" for level in levels)
