"""Faults that are planted in photographs, and pictures that are none: each from a seed."""

from collections.abc import Callable, Mapping

import numpy as np
from pages_drawn import PAGES, PLACEHOLDERS, SIZES, as_image
from PIL import Image, ImageFilter

Fault = Callable[[Image.Image, np.random.Generator], Image.Image]


def blurred(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Out of focus, by Gaussians of 0.6 to 1.8 % of the longer side."""
    share = float(rng.choice([0.006, 0.009, 0.012, 0.018]))
    return image.filter(ImageFilter.GaussianBlur(share * max(image.size)))


def shaken(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """The camera moved along a line, of 4 to 8 % of the longer side."""
    length = round(rng.uniform(0.04, 0.08) * max(image.size))
    angle = rng.uniform(0, np.pi)
    pixels = np.asarray(image, np.float32)
    rows, columns = np.indices(pixels.shape[:2])
    total = np.zeros_like(pixels)
    for step in np.linspace(-length / 2, length / 2, length):
        y = np.clip(np.rint(rows + step * np.sin(angle)), 0, image.height - 1).astype(int)
        x = np.clip(np.rint(columns + step * np.cos(angle)), 0, image.width - 1).astype(int)
        total += pixels[y, x]
    return as_image(total / length)


def darkened(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Exposed for a tenth to a fifth of the time, with the noise of the sensor."""
    pixels = np.asarray(image, np.float32) * rng.uniform(0.06, 0.18)
    return as_image(pixels + rng.normal(0, 2, pixels.shape))


def over_exposed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Exposed for three to six times as long, or with light in the lens."""
    pixels = np.asarray(image, np.float32)
    if rng.random() < 0.5:
        linear = (pixels / 255) ** 2.2 * rng.uniform(8, 20)
        return as_image(255 * np.minimum(linear, 1) ** (1 / 2.2))
    return as_image(255 - (255 - pixels) * rng.uniform(0.08, 0.2))


def blank(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """White, black, one colour, or one colour that turns into another; some with noise."""
    kind = rng.integers(4)
    height, width = image.height, image.width
    first = np.array([(255, 255, 255), (0, 0, 0)][kind]) if kind < 2 else rng.integers(0, 256, 3)
    last = rng.integers(0, 256, 3) if kind == 3 else first
    share = np.linspace(0, 1, height)[:, None, None] * np.ones((1, width, 1))
    pixels = first * (1 - share) + last * share
    return as_image(pixels + rng.normal(0, rng.choice([0, 3]), pixels.shape))


def greyed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Without colour; saved as grey or as RGB."""
    grey = image.convert("L")
    return grey if rng.random() < 0.5 else grey.convert("RGB")


def strip(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A strip of it, four to eight times as long as wide."""
    side = round(max(image.size) / rng.uniform(4, 8))
    return image.crop(
        (0, 0, side, image.height) if rng.random() < 0.5 else (0, 0, image.width, side)
    )


def shrunk(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A thumbnail of 24 to 80 pixels."""
    copy = image.copy()
    copy.thumbnail((int(rng.integers(24, 80)),) * 2)
    return copy


def placeholder(_: Image.Image, rng: np.random.Generator) -> Image.Image:
    """What a server sends instead of a picture; one of nine designs, in many sizes."""
    size = SIZES[rng.integers(len(SIZES))]
    design = PLACEHOLDERS[rng.integers(len(PLACEHOLDERS))]
    return design(size, rng)


def screenshot(_: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A page of text, a form, a chat, an editor, a table or a scan."""
    return PAGES[rng.integers(len(PAGES))](rng)


FAULTS: Mapping[str, tuple[Fault, str]] = {
    "blurred": (blurred, "blurred"),
    "shaken": (shaken, "blurred"),
    "dark": (darkened, "dark"),
    "over-exposed": (over_exposed, "over-exposed"),
    "blank": (blank, "blank"),
    "grey": (greyed, "grey among colour"),
    "odd aspect": (strip, "odd aspect"),
    "tiny": (shrunk, "tiny"),
    "placeholder": (placeholder, "placeholder"),
    "screenshot": (screenshot, "screenshot"),
}
