"""Pages that people read: one HTML file each, with everything inside and nothing to fetch."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diptych.errors import MissingExtra
from diptych.images.encoding import as_jpeg, as_png, as_webp
from diptych.images.preprocess import Pixels

# Smaller pictures, such as digits, are shown pixel by pixel.
SMALL = 64


def page(template: str, facts: Mapping[str, Any]) -> str:
    """A template of this package filled with facts; texts are escaped, plots are not.

    Raises MissingExtra without Jinja.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ModuleNotFoundError as cause:
        raise MissingExtra("Jinja2", "report") from cause
    folder = Path(__file__).with_name("templates")
    shelf = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return shelf.get_template(template).render(facts)


def picture_url(pixels: Pixels) -> str:
    """Pixels (H, W, 1 or 3) as the address of a picture that lies in the page itself."""
    small = max(pixels.shape[:2]) <= SMALL
    kind, data = ("png", as_png(pixels)) if small else ("jpeg", as_jpeg(pixels))
    return _data_url(kind, data)


def small_picture_url(pixels: Pixels) -> str:
    """The same for one picture among hundreds, in half the bytes."""
    return _data_url("webp", as_webp(pixels, 75))


def sheet_url(pixels: Pixels) -> str:
    """The same for a sheet of hundreds: a WebP would save a tenth, in 25 times the time."""
    return _data_url("jpeg", as_jpeg(pixels, 55))


def _data_url(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
