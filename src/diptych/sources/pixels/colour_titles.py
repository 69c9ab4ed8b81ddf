"""Columns of pixels whose titles say the colour: R0, G0, B0, R1 …; red_0 …; pixel_0_0_b."""

import re
from collections.abc import Sequence

_COLOURS = {"r": 0, "red": 0, "g": 1, "green": 1, "b": 2, "blue": 2}
# R and 0 of R0; pixel and R of pixelR0.
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^A-Za-z\d]+")


def in_order_of_colours(titles: Sequence[str], columns: Sequence[int]) -> tuple[int, ...]:
    """Red, green and blue of each pixel in turn; () where titles do not say them of every pixel.

    Pixels of one number come in the order of these, others as those of red lie.
    """
    pixels: dict[str, dict[int, int]] = {}
    for at in columns:
        words = _WORD.findall(titles[at].strip())
        colours = [i for i, word in enumerate(words) if word.lower() in _COLOURS]
        if len(colours) == 1 and any(map(str.isdigit, words)):
            (i,) = colours
            pixel = "".join([*words[:i], "\0", *words[i + 1 :]])
            pixels.setdefault(pixel, {})[_COLOURS[words[i].lower()]] = at
    alike = {re.sub(r"\d+", "#", pixel) for pixel in pixels}
    if len(alike) != 1 or any(len(own) != len({*_COLOURS.values()}) for own in pixels.values()):
        return ()
    order = sorted(pixels, key=lambda pixel: pixels[pixel][0])
    if alike.pop().count("#") == 1:
        order.sort(key=lambda pixel: int(re.sub(r"\D", "", pixel)))
    return tuple(pixels[pixel][colour] for pixel in order for colour in range(3))
