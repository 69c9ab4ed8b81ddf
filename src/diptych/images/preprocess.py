"""Encoded bytes to uint8 pixels: the only decode and the only resize in Diptych.

The rules, in the order in which they apply (`RULES` names their version):

1. The content decides what a file is, never its name. The formats read are in `FORMATS`.
2. Animations and documents of several pages give their first frame.
3. 16-bit grey keeps its high byte; where no pixel needs more than 8, 10 or 12 bits it is a scan of
   so many bits, and keeps the 8 highest of those. Floating-point pixels are refused: they have no
   agreed white.
4. Palette, grey, CMYK, YCbCr and the like become RGB. Colour profiles are not applied.
5. Transparent pixels lie on white; of a PNG with one transparent colour, those that have it in all
   bits of the file.
6. The picture is squashed to H×W with an antialiased triangle filter (Pillow's BILINEAR), so
   nothing of it is cut off; JPEGs of more than 4 times that size may first be decoded at 1/2, 1/4
   or 1/8.
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
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image, ImageFile, UnidentifiedImageError, _imaging

from diptych.data.dataset import Shape
from diptych.errors import ImageError
from diptych.system.files import regular

Pixels = npt.NDArray[np.uint8]

RULES = 2
FORMATS = (
    *("JPEG", "PNG", "GIF", "WEBP", "BMP", "DIB", "TIFF", "HEIF", "AVIF"),
    *("JPEG2000", "PPM", "ICO", "QOI", "SGI", "PCX"),
)
BYTES_LIMIT = 100 * 2**20
PIXELS_LIMIT = 100 * 10**6
# Why a picture within the limits cannot be decoded for the time being.
NO_MEMORY = "decoding it needs more memory than there is"

# Pictures of more than this many pixels are decoded one at a time: eight threads with a panorama
# each would need more memory than the machine may have.
_LARGE = 12 * 10**6
ORIENTATION = 0x0112  # the tag of EXIF
_one_large = threading.Lock()
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


def fingerprint(shape: Shape) -> str:
    """What the pixels depend on besides the file: part of every cache key and bundle."""
    return f"rules{RULES}-squash{'x'.join(map(str, shape))}-pillow{PIL.__version__}"


def decode(data: bytes, shape: Shape, pixels_limit: int = PIXELS_LIMIT) -> Decoded:
    """Turn an encoded picture into pixels of a shape: RGB with three channels, grey with one.

    Raises ImageError with the reason "empty", "too large", "not an image", "truncated" or
    "unreadable".
    """
    if not data:
        raise ImageError("empty", "the file has no bytes")
    if len(data) > BYTES_LIMIT:
        raise ImageError("too large", f"{len(data):,} bytes; the limit is {BYTES_LIMIT:,}")
    _load_decoders()
    with refusals(), warnings.catch_warnings():
        # Pillow warns of odd metadata and of size; size has its own limit here.
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _refuse_large(image, pixels_limit)
            return _decode(image, shape, data)


def squash(image: Image.Image, shape: Shape) -> Pixels:
    """Pixels of a shape of a picture that is open already, by the same rules as from its file.

    Raises ImageError as `decode` does.
    """
    with refusals(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _refuse_large(image, PIXELS_LIMIT)
        return _squashed(image, _orientation(image), shape)


def is_picture(file: Path | bytes) -> bool:
    """Whether a file, or what it holds, begins as a picture of one of the formats does."""
    _load_decoders()
    try:
        source = io.BytesIO(file) if isinstance(file, bytes) else regular(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(source, formats=FORMATS):
                return True
    except Exception:
        # Whatever a decoder makes of a file of something else.
        return False


def thumbnail(pixels: Pixels, side: int = 224) -> Pixels:
    """Pixels (H, W, 1 or 3) at most `side` high and wide, for people to look at."""
    height, width, channels = pixels.shape
    if max(height, width) <= side:
        return pixels
    scale = side / max(height, width)
    image = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(_squash(image, size)).reshape(size[1], size[0], channels)


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Whatever a decoder raises, as one ImageError with a reason."""
    try:
        yield
    except ImageError:
        raise
    except UnidentifiedImageError as cause:
        formats = ", ".join(FORMATS)
        raise ImageError("not an image", f"none of the formats {formats}") from cause
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


def _refuse_large(image: Image.Image, limit: int) -> None:
    if not image.width * image.height:
        raise ImageError("empty", f"{image.width} × {image.height} pixels")
    if image.width * image.height > limit:
        raise ImageError(
            "too large", f"{image.width} × {image.height} pixels; the limit is {limit:,}"
        )


def _decode(image: ImageFile.ImageFile, shape: Shape, data: bytes) -> Decoded:
    kind = image.format or ""
    width, height = image.size
    with _one_large if width * height > _LARGE else contextlib.nullcontext():
        # A margin of 4 keeps the scaled decode within one grey level of the full one.
        image.draft("RGB", (4 * max(shape), 4 * max(shape)))
        coded = image.tile[0].args if image.format == "PNG" else None
        image.load()
        if "transparency" in image.info:
            _spread_transparency(image, coded, data)
        turn = _orientation(image)
        pixels = _squashed(image, turn, shape)
    if turn >= 5:
        width, height = height, width
    return Decoded(pixels, width, height, kind)


def _squashed(image: Image.Image, turn: int, shape: Shape) -> Pixels:
    """A picture that is in memory as pixels of a shape, once it is turned upright."""
    rows, columns = shape[:2]
    squashed = _rgb(image, (rows, columns) if turn >= 5 else (columns, rows))
    if turn in _UPRIGHT:
        squashed = squashed.transpose(_UPRIGHT[turn])
    if shape[2] == 1:
        squashed = squashed.convert("L")
    return np.asarray(squashed).reshape(shape)


def _spread_transparency(image: Image.Image, coded: Any, data: bytes) -> None:
    """Give a PNG whose pixels were coded so the transparency that it says.

    Pillow spreads levels of 2 and 4 bits over 8, and not the transparent one; of 16 bits it keeps
    the high bytes, and compares them with the low bytes of the transparent colour.
    """
    clear = image.info["transparency"]
    if coded in ("L;2", "L;4"):
        most = 2 ** int(coded[-1]) - 1
        image.info["transparency"] = (clear & most) * 255 // most
    elif coded == "RGB;16B":
        with Image.open(io.BytesIO(data), formats=["PNG"]) as low:
            # Read with its bytes in the other order, a picture gives its low bytes.
            low.tile = [low.tile[0]._replace(args="RGB;16L")]
            same = np.asarray(low) == [level & 255 for level in clear]
        same &= np.asarray(image) == [level >> 8 for level in clear]
        image.putalpha(Image.fromarray(np.where(same.all(2), 0, 255).astype(np.uint8)))
        del image.info["transparency"]


def _rgb(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The colours of any mode as RGB, squashed to a width and height."""
    mode = image.mode
    if mode == "F":
        raise ImageError(
            "unreadable", "floating-point pixels have no agreed white; save it with 8 or 16 bits"
        )
    if mode == "P" and image.palette is None:
        raise ImageError("unreadable", "its pixels are numbers of a palette, which is missing")
    if mode.startswith("I"):
        image = _eight_bits(image)
    if image.has_transparency_data:
        image = _squash(image.convert("RGBA"), size)
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, image).convert("RGB")
    return _squash(image.convert("RGB"), size)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of up to 16 bits as grey of 8, with an alpha channel where one level is transparent."""
    levels = np.asarray(image).astype(np.int64).clip(0, 65535)
    bits = next(bits for bits in (8, 10, 12, 16) if levels.max() < 1 << bits)
    grey = Image.fromarray((levels >> (bits - 8)).astype(np.uint8))
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        grey.putalpha(Image.fromarray(np.where(levels == clear, 0, 255).astype(np.uint8)))
    return grey


def _squash(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image.resize(size, Image.Resampling.BILINEAR)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:
        # Pillow raises a dozen kinds of error on broken EXIF; the picture itself is still good.
        return 1


def _load_decoders() -> None:
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
