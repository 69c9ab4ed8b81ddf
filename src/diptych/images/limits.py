"""How large a picture may be: its file, and what decoding it holds in memory at once."""

import contextlib
import threading
from collections.abc import Iterator

from PIL import Image, ImageFile

from diptych.errors import ImageError

BYTES_LIMIT = 100 * 2**20
PIXELS_LIMIT = 100 * 10**6
# Of a JPEG, which may be decoded at a smaller scale. Phones take pictures of up to 200 million.
JPEG_PIXELS_LIMIT = 500 * 10**6
# Pixels in memory, of 4 bytes: what a progressive JPEG of PIXELS_LIMIT holds at most.
HELD_LIMIT = PIXELS_LIMIT * 5 // 2

# Pictures that hold more than this many pixels are decoded one at a time: eight threads with a
# panorama each would need more memory than the machine may have.
_LARGE = 12 * 10**6
_one_large = threading.Lock()


def refuse_bytes(count: int) -> None:
    """Raise ImageError for a file of no bytes, or of too many."""
    if not count:
        raise ImageError("empty", "the file has no bytes")
    if count > BYTES_LIMIT:
        raise ImageError("too large", f"{count:,} bytes; the limit is {BYTES_LIMIT:,}")


def refuse_pixels(image: Image.Image, limit: int = PIXELS_LIMIT) -> None:
    """Raise ImageError for a picture of no pixels, or of too many."""
    pixels = image.width * image.height
    if not pixels:
        raise ImageError("empty", f"{image.width} × {image.height} pixels")
    if pixels > limit:
        raise ImageError(
            "too large", f"{image.width} × {image.height} pixels; the limit is {limit:,}"
        )


def pixels_of_file(image: Image.Image) -> int:
    """How many pixels a file may have: more where it can be decoded at a smaller scale."""
    return JPEG_PIXELS_LIMIT if image.format in ("JPEG", "MPO") else PIXELS_LIMIT


def refuse_held(held: int, size: tuple[int, int]) -> None:
    """Raise ImageError where decoding a file of a size holds too many pixels in memory."""
    if held > HELD_LIMIT:
        raise ImageError(
            "too large",
            f"{size[0]} × {size[1]} pixels; to decode it takes memory for {held:,}, and the limit "
            f"is {HELD_LIMIT:,}",
        )


def pixels_held(image: ImageFile.ImageFile, size: tuple[int, int], data: bytes) -> int:
    """What decoding a file that is open holds in memory at once, in pixels of 4 bytes.

    `size` is that of the file; the picture may have been told to be decoded at a smaller scale. A
    JPEG that is sent in several scans, as progressive ones are, is held as a whole in coefficients
    of 2 bytes each besides.
    """
    held = image.width * image.height
    layers = getattr(image, "layer", ())  # of a JPEG: number, width and height of blocks, table
    if layers and not _one_scan(data, len(layers)):
        most = max(layer[1] for layer in layers) * max(layer[2] for layer in layers)
        share = sum(layer[1] * layer[2] for layer in layers) / most
        held += round(size[0] * size[1] * share / 2)
    return held


@contextlib.contextmanager
def one_at_a_time(held: int) -> Iterator[None]:
    """Wait while another large picture is decoded, where this is one too."""
    with _one_large if held > _LARGE else contextlib.nullcontext():
        yield


def _one_scan(data: bytes, components: int) -> bool:
    """Whether a JPEG sends all of its components at once, and each but once."""
    at = 2
    while data[at : at + 1] == b"\xff":
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xFF:  # padding
            at += 1
        elif marker in (0xC2, 0xC6, 0xCA, 0xCE):  # frames of progressive JPEGs
            return False
        elif marker == 0xDA:  # the first scan
            return data[at + 4] == components
        else:
            at += 2 + length
    return False
