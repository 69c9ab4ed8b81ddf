"""Pixels to files."""

import io

import numpy as np
from PIL import Image

from diptych.images.preprocess import ORIENTATION, Pixels, refusals

_OF_PNG = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")


def as_png(pixels: Pixels) -> bytes:
    """Pixels (H, W, 1 or 3) as a PNG file that decodes to them again."""
    file = io.BytesIO()
    _image(pixels).save(file, "PNG")
    return file.getvalue()


def as_jpeg(pixels: Pixels, quality: int = 80) -> bytes:
    """Pixels (H, W, 1 or 3) as a JPEG file, a tenth of the size of a PNG, for people to look at."""
    file = io.BytesIO()
    _image(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def as_webp(pixels: Pixels, quality: int) -> bytes:
    """Pixels (H, W, 1 or 3) as a WebP file, smaller than a JPEG that looks as good."""
    file = io.BytesIO()
    _image(pixels).save(file, "WEBP", quality=quality)
    return file.getvalue()


def as_file(image: Image.Image) -> bytes:
    """A picture that is open as a file that decodes to the same pixels, or is refused as it would.

    Raises ImageError where its own file cannot be decoded.
    """
    file = io.BytesIO()
    with refusals():
        exif = image.getexif()
        turned = {"exif": exif} if ORIENTATION in exif else {}
        if image.mode == "F" or (image.mode == "I" and not _has_16_bits(image)):
            image.save(file, "TIFF")  # a PNG has no such levels
        else:
            _for_png(image).save(file, "PNG", compress_level=0, **turned)
    return file.getvalue()


def _has_16_bits(image: Image.Image) -> bool:
    """Whether no level of a picture of whole numbers is below 0 or above 65,535."""
    levels = np.asarray(image)
    return bool(levels.min() >= 0 and levels.max() < 1 << 16)


def _for_png(image: Image.Image) -> Image.Image:
    """A picture in a mode that a PNG keeps all of."""
    if image.mode in _OF_PNG:
        return image
    if not image.mode.startswith("I"):
        return image.convert("RGB")
    grey = Image.fromarray(np.asarray(image).astype(np.uint16))
    grey.info = dict(image.info)
    return grey


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
