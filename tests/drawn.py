"""Drawn photographs, and the near-duplicates that are found among pictures."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from diptych.auditing.copies.near import near_duplicate_pairs, thumbnails
from diptych.auditing.copies.pairs import Pair


def photograph(seed: int) -> Image.Image:
    """A blurred background, some things in front of it, and grain: 320 × 240."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(60, 180, (6, 8, 3)).astype(np.uint8))
    image = coarse.resize((320, 240), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(14):
        (x, y), (width, height) = rng.uniform((0, 0), (280, 200)), rng.uniform(20, 90, 2)
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((x, y, x + width, y + height), fill=tuple(rng.integers(0, 256, 3).tolist()))
    grain = rng.normal(0, 4, (240, 320, 1))
    pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(1))) + grain
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def pizza(seed: int) -> Image.Image:
    """A pizza on a plate, always in the same place; only what lies on it differs."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (320, 320), (120, 90, 60))
    draw = ImageDraw.Draw(image)
    for radius, colour in ((140, (240, 240, 235)), (115, (200, 140, 60)), (100, (230, 190, 80))):
        draw.circle((160, 160), radius, fill=colour)
    for _ in range(8):
        turn, out = rng.uniform(0, 2 * np.pi), 80 * np.sqrt(rng.random())
        centre = (160 + out * np.cos(turn), 160 + out * np.sin(turn))
        colour = ((180, 30, 30), (60, 120, 40), (90, 60, 40))[rng.integers(3)]
        draw.circle(centre, rng.uniform(9, 18), fill=colour)
    return image


def pairs_among(pictures: list[Image.Image]) -> list[Pair]:
    """The near-duplicates among pictures that are squashed to 224 × 224."""
    squashed = [picture.resize((224, 224), Image.Resampling.BILINEAR) for picture in pictures]
    return near_duplicate_pairs(thumbnails(np.stack([np.asarray(picture) for picture in squashed])))


def pairs(pictures: list[Image.Image]) -> list[tuple[int, int]]:
    return [(pair.first, pair.second) for pair in pairs_among(pictures)]
