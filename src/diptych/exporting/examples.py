"""A short script for each format that answers for one picture: Pillow, NumPy and its runtime."""

from diptych.bundles.format import Bundle
from diptych.exporting.formats import FORMATS
from diptych.exporting.formats.contract import ANY_SIZE, FLOAT

_DEEP = """picture = {opened}
if picture.mode.startswith("I"):  # grey of more than 8 bits, in which {white} is white
    levels = np.asarray(picture) >> {shift}
    picture = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
picture = picture.convert("RGB")"""


def has_example(format: str, kind: str) -> bool:
    """Whether there is a script; a lighter file is used as the one in float is."""
    return kind in FORMATS[format].examples


def example_name(format: str, kind: str) -> str:
    """What a script is called."""
    words = [format] if kind == FLOAT else [format, kind]
    return f"example_{'_'.join(words).replace(' ', '_').replace('-', '_')}.py"


def example(format: str, kind: str, stem: str, bundle: Bundle) -> str:
    """A script that says what is on the picture that it is given."""
    parts = FORMATS[format].examples[kind]
    load = parts.load.replace("{classes}", repr(list(bundle.classes)))
    height, width, channels = bundle.shape
    resized = f"picture.resize(({width}, {height}), Image.Resampling.BILINEAR)"
    pixels = f"np.array({resized})[None]"
    if channels == 1:
        pixels = f'np.array({resized}.convert("L"))[None, ..., None]'
    if kind == ANY_SIZE:
        pixels = "np.array(picture)"
    opened = "ImageOps.exif_transpose(Image.open(sys.argv[1]))"
    picture = f'picture = {opened}.convert("RGB")'
    if bundle.bits:
        picture = _DEEP.format(opened=opened, white=2**bundle.bits - 1, shift=bundle.bits - 8)
    return f'''"""Says what is on a picture: python {example_name(format, kind)} PICTURE"""

import json
import sys
{parts.standard}from pathlib import Path

import numpy as np
{parts.imports}
from PIL import Image, ImageOps

file = Path(__file__).with_name({FORMATS[format].files(stem, kind)[0]!r})
{load}
{picture}
pixels = {pixels}
{parts.answer}
print("none of these" if ood_score > 1 else f"{{classes[p.argmax()]}} {{p.max():.3f}}")
'''
