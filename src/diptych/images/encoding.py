"""Pixels to files."""

import io

from PIL import Image

from diptych.images.preprocess import ORIENTATION, Pixels, refusals

_OF_PNG = ("1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16")


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


def as_file(image: Image.Image) -> bytes:
    """A picture that is open as a file that decodes to the same pixels, or is refused as it would.

    Raises ImageError where its own file cannot be decoded.
    """
    file = io.BytesIO()
    with refusals():
        exif = image.getexif()
        turned = {"exif": exif} if ORIENTATION in exif else {}
        if image.mode == "F":
            image.save(file, "TIFF")
        else:
            kept = image if image.mode in _OF_PNG else image.convert("RGB")
            kept.save(file, "PNG", compress_level=0, **turned)
    return file.getvalue()


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
