"""Encoded bytes to uint8 pixels: the only decode and the only resize in Diptych.

The rules, in the order in which they apply (`RULES` names their version):

1. The content decides what a file is, never its name. The formats read are in `FORMATS`.
2. Animations and documents of several pages give their first frame.
3. Whole numbers of more than 8 bits keep the 8 highest of `bits`, and what is brighter than their
   white, 2^bits − 1, is white. `bits` belongs to a data set and to a bundle (`depth` says how they
   come by it). Without it, grey has the least of 8, 10, 12 and 16 that its brightest level needs,
   and colours have 16. Refused, for want of an agreed white: floating-point pixels, levels below 0
   or above 65,535, and a picture of which more than half is brighter than the white of `bits`.
   Of 16 bits, opacity keeps its high byte, and so do grey with opacity, CMYK, and colours that are
   multiplied by their opacity.
4. Palette, grey, CMYK, YCbCr and the like become RGB. Colour profiles are not applied. Bands that
   a TIFF has beside its colours without saying that they are opacity, such as near infrared, are
   left out; bands that are said to be no colours are refused, and so are RAW files of cameras.
5. Transparent pixels lie on white; of a PNG with one transparent colour, those that have it in all
   bits of the file.
6. The picture is squashed to H×W with an antialiased triangle filter (Pillow's BILINEAR), so
   nothing of it is cut off; JPEGs of more than 4 times that size may first be decoded at 1/2, 1/4
   or 1/8. So a JPEG may have more pixels than other pictures: `limits` says how many.
7. The EXIF orientation is applied, so that up is up; one that cannot be read counts as upright.
8. Where one channel is asked for, RGB becomes luma (ITU-R BT.601).
"""

import contextlib
import ctypes
import io
import logging
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image, ImageFile, UnidentifiedImageError, _imaging
from PIL.JpegImagePlugin import JpegImageFile

from diptych.data.dataset import Shape
from diptych.data.places import Place
from diptych.errors import ImageError
from diptych.images.depth import eight_bits, raw_mode
from diptych.images.foreign_files import why_not_read
from diptych.images.limits import BYTES_LIMIT as BYTES_LIMIT
from diptych.images.limits import (
    PIXELS_LIMIT,
    one_at_a_time,
    pixels_held,
    pixels_of_file,
    refuse_bytes,
    refuse_held,
    refuse_pixels,
)
from diptych.images.tiff import RAW, extra_bands, is_raw, mend_planes
from diptych.system.files import regular

Pixels = npt.NDArray[np.uint8]

RULES = 3
FORMATS = (
    *("JPEG", "PNG", "GIF", "WEBP", "BMP", "DIB", "TIFF", "HEIF", "AVIF"),
    *("JPEG2000", "PPM", "ICO", "QOI", "SGI", "PCX"),
)
# Why a picture within the limits cannot be decoded for the time being.
NO_MEMORY = "decoding it needs more memory than there is"

ORIENTATION = 0x0112  # the tag of EXIF
_loading_decoders = threading.Lock()
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Decoded(NamedTuple):
    """A picture ready for a network, and what its file said of itself."""

    pixels: Pixels  # of the shape that was asked for
    width: int  # as a viewer shows it, after orientation
    height: int
    format: str
    bits: int = 0  # that its levels need, where those of the file are more than 8
    extra_bands: int = 0  # beside its colours, that were left out


def fingerprint(shape: Shape, bits: int = 0) -> str:
    """What the pixels depend on besides the file: part of every cache key and bundle."""
    depth = f"-{bits}bits" if bits else ""
    return f"rules{RULES}-squash{'x'.join(map(str, shape))}{depth}-pillow{PIL.__version__}"


def decode(data: bytes, shape: Shape, bits: int = 0, *, pixels_limit: int | None = None) -> Decoded:
    """Turn an encoded picture into pixels of a shape: RGB with three channels, grey with one.

    `bits` is the depth of the pictures that it belongs to, 0 where that is not known. With a
    `pixels_limit`, its file may not have more pixels, at whatever scale it is decoded. Raises
    ImageError with the reason "empty", "too large", "not an image", "truncated" or "unreadable".
    """
    refuse_bytes(len(data))
    load_decoders()
    with warnings.catch_warnings():
        # Pillow warns of odd metadata and of size; size has its own limit here.
        warnings.simplefilter("ignore")
        with refusals(data), _opened(data) as image:
            refuse_pixels(image, pixels_limit or pixels_of_file(image))
            if is_raw(getattr(image, "tag_v2", {})):
                raise ImageError("unreadable", RAW)
            return _decode(image, shape, data, bits, pixels_limit or PIXELS_LIMIT)


def shown_size(data: bytes) -> tuple[int, int]:
    """Width and height of an encoded picture as a viewer shows it; no pixel is decoded.

    Raises ImageError as `decode` does.
    """
    refuse_bytes(len(data))
    load_decoders()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with refusals(data), _opened(data) as image:
            width, height = image.size
            return (height, width) if _orientation(image) >= 5 else (width, height)


def squash(image: Image.Image, shape: Shape, bits: int = 0) -> Pixels:
    """Pixels of a shape of a picture that is open already, by the same rules as from its file.

    Raises ImageError as `decode` does.
    """
    with refusals(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        refuse_pixels(image)
        image, _ = eight_bits(image, bits)
        return _squashed(image, _orientation(image), shape)


def is_picture(file: Path | bytes) -> bool:
    """Whether a file, or what it holds, begins as a picture of one of the formats does."""
    load_decoders()
    try:
        source = io.BytesIO(file) if isinstance(file, bytes) else regular(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(source, formats=FORMATS):
                return True
    except Exception:
        # Whatever a decoder makes of a file of something else.
        return False


def side_of(file: Place) -> int:
    """The longer side of a picture in pixels, by its header; 0 where it cannot be opened."""
    load_decoders()
    try:
        with refusals(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source = file if isinstance(file, Path) else io.BytesIO(file.read_bytes())
            with Image.open(source, formats=FORMATS) as image:
                return max(image.size)
    except (ImageError, OSError):
        return 0


def thumbnail(pixels: Pixels, side: int = 224) -> Pixels:
    """Pixels (H, W, 1 or 3) at most `side` high and wide, for people to look at."""
    height, width, channels = pixels.shape
    if max(height, width) <= side:
        return pixels
    scale = side / max(height, width)
    image = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(_squash(image, size)).reshape(size[1], size[0], channels)


def in_proportion(pixels: Pixels, width: int, height: int, side: int) -> Pixels:
    """A squashed picture (H, W, 1 or 3) with the proportions that it had, for people to look at.

    It is at most `side` pixels high and wide; a narrow one has a pixel at least.
    """
    scale = side / max(width, height)
    rows, columns = (max(round(length * scale), 1) for length in (height, width))
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    return np.asarray(_squash(image, (columns, rows))).reshape(rows, columns, pixels.shape[2])


@contextlib.contextmanager
def refusals(data: bytes = b"") -> Iterator[None]:
    """Whatever a decoder of some bytes raises, as one ImageError with a reason."""
    try:
        yield
    except ImageError:
        raise
    except UnidentifiedImageError as cause:
        raise why_not_read(data, ", ".join(FORMATS)) from cause
    except Image.DecompressionBombError as cause:
        raise ImageError("too large", "more pixels than any limit allows") from cause
    except MemoryError as cause:
        raise ImageError("too large", NO_MEMORY) from cause
    except Exception as cause:
        # Decoders of a dozen formats raise OSError, ValueError, SyntaxError, struct.error,
        # IndexError, EOFError … on damaged data. All of them mean the same to the user.
        said = " ".join(str(cause).split()) or "its data are damaged"
        if said.startswith("decoder error"):
            said = "its data are damaged, or coded in a way that is not read here"
        cut = any(word in said.lower() for word in ("truncated", "end of file", "premature", "eof"))
        raise ImageError("truncated" if cut else "unreadable", said) from cause


def _opened(data: bytes) -> ImageFile.ImageFile:
    """A file open to be decoded, whose header is read."""
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        # Pillow's own limit does not know at which scale a JPEG is decoded.
        if not data.startswith(b"\xff\xd8"):
            raise
        return JpegImageFile(io.BytesIO(data))


def _decode(
    image: ImageFile.ImageFile, shape: Shape, data: bytes, bits: int, pixels_limit: int
) -> Decoded:
    kind = image.format or ""
    width, height = image.size
    # A margin of 4 keeps the scaled decode within one grey level of the full one.
    image.draft("RGB", (4 * max(shape), 4 * max(shape)))
    held = pixels_held(image, (width, height), data)
    if width * height > pixels_limit:
        refuse_held(held, (width, height))
    with one_at_a_time(held):
        mend_planes(image)
        coded = raw_mode(image)
        image.load()
        turn = _orientation(image)
        if coded in ("L;2", "L;4") and "transparency" in image.info:
            _spread_transparency(image, coded)
        eight, own = eight_bits(image, bits, coded, data)
        pixels = _squashed(eight, turn, shape)
    if turn >= 5:
        width, height = height, width
    return Decoded(pixels, width, height, kind, own, extra_bands(image))


def _squashed(image: Image.Image, turn: int, shape: Shape) -> Pixels:
    """A picture that is in memory as pixels of a shape, once it is turned upright."""
    rows, columns = shape[:2]
    squashed = _rgb(image, (rows, columns) if turn >= 5 else (columns, rows))
    if turn in _UPRIGHT:
        squashed = squashed.transpose(_UPRIGHT[turn])
    if shape[2] == 1:
        squashed = squashed.convert("L")
    return np.asarray(squashed).reshape(shape)


def _spread_transparency(image: Image.Image, coded: str) -> None:
    """Spread the transparent level of a PNG over 8 bits, as Pillow does with its other levels."""
    most = 2 ** int(coded[-1]) - 1
    image.info["transparency"] = (image.info["transparency"] & most) * 255 // most


def _rgb(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The colours of any mode of 8 bits as RGB, squashed to a width and height."""
    if image.mode == "P" and image.palette is None:
        raise ImageError("unreadable", "its pixels are numbers of a palette, which is missing")
    if image.has_transparency_data:
        image = _squash(image.convert("RGBA"), size)
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image).convert("RGB")
    return _squash(image.convert("RGB"), size)


def _squash(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image.resize(size, Image.Resampling.BILINEAR)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:
        # Pillow raises a dozen kinds of error on broken EXIF; the picture itself is still good.
        return 1


def load_decoders() -> None:
    """Make Pillow know every format of `FORMATS`, once."""
    with _loading_decoders:
        if "HEIF" not in Image.OPEN:
            Image.init()
            import pillow_heif

            pillow_heif.register_heif_opener()
            _hush()


def _hush() -> None:
    """Keep decoders from writing to standard error what an ImageError says anyway."""
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    # Pillow silences libtiff's warnings, not its errors. Where it has no such library, there is
    # nothing to silence.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)
