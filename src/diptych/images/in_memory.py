"""Pictures that are in memory: opened by Pillow, or arrays; kept as they are at that moment."""

import io
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from diptych.errors import ImageError
from diptych.images.preprocess import refusals


def snapshot(image: Image.Image) -> bytes | Image.Image:
    """What a picture is now, whatever its owner does with it next.

    One that was opened and not decoded yet is the file that it was opened from. Raises ImageError
    where it cannot be decoded.
    """
    with refusals(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = _undecoded(image)
        return image.copy() if data is None else data


def as_image(pixels: npt.NDArray[Any]) -> Image.Image:
    """A copy of uint8 pixels, (H, W) or (H, W, 1, 3 or 4), as a picture: grey, RGB or RGBA."""
    grey = pixels.ndim == 3 and pixels.shape[2] == 1
    return Image.fromarray(np.array(pixels[:, :, 0] if grey else pixels, order="C"))


def _undecoded(image: Image.Image) -> bytes | None:
    """The file of a picture of which only the beginning was looked at; None of any other."""
    if not isinstance(image, ImageFile.ImageFile) or image._im is not None:
        return None
    file = image.fp
    if file is None or file.closed:
        if image.tile:
            raise ImageError("unreadable", "the picture was closed before it was read")
        return None
    position = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(position)
    with Image.open(io.BytesIO(data)) as fresh:
        # Another frame was chosen, or another size.
        same = (fresh.tell(), fresh.size) == (image.tell(), image.size)
    return data if same else None
