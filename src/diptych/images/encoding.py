"""Pixels to files."""

import io

from PIL import Image

from diptych.images.preprocess import Pixels


def as_png(pixels: Pixels) -> bytes:
    """Pixels (H, W, 1 or 3) as a PNG file that decodes to them again."""
    file = io.BytesIO()
    _image(pixels).save(file, "PNG")
    return file.getvalue()


def as_jpeg(pixels: Pixels) -> bytes:
    """Pixels (H, W, 1 or 3) as a JPEG file, a tenth of the size of a PNG, for people to look at."""
    file = io.BytesIO()
    _image(pixels).save(file, "JPEG", quality=80)
    return file.getvalue()


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
