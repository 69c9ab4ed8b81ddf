"""Small pictures for people to look at, in a notebook."""

from diptych.data.places import Place, size_of
from diptych.errors import ImageError
from diptych.images.decoding import read_file
from diptych.images.encoding import as_jpeg
from diptych.images.preprocess import decode
from diptych.system.html import Html, picture

SIDE = 64  # pixels
LARGEST = 16 * 2**20  # bytes of a file that is opened for this


def thumbnail_html(path: Place) -> Html:
    """A file as a small picture in its own proportions; nothing where it cannot be shown."""
    try:
        if size_of(path) > LARGEST:
            return Html()
        pixels, width, height, *_ = decode(read_file(path), (SIDE, SIDE, 3))
    except (ImageError, OSError, ValueError):
        return Html()
    scale = SIDE / max(width, height)
    return picture(as_jpeg(pixels), max(round(width * scale), 1), max(round(height * scale), 1))
