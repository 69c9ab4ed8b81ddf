"""What augmentation does to some pictures of each class, as a page."""

import importlib.metadata
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from diptych.data.dataset import Dataset, Sample
from diptych.errors import InputError
from diptych.images.augment_numpy import augment
from diptych.images.augmentation import (
    Augmentation,
    AugmentationPolicy,
    random_numbers,
    sample_augmentation,
)
from diptych.images.decoding import decode_files, pixel_store
from diptych.images.preprocess import Pixels, thumbnail
from diptych.reporting.pages import SMALL, page, picture_url

VERSIONS = 6  # of each picture, and steps of each strip
SIDE = 160  # pixels of a picture on the page
CLASSES = 20  # of more, the others are named

# What each choice does, in words for a reader of the page.
MEANING = {
    "flip": "mirrors this share of the pictures, left to right",
    "rotate": "turns by up to this many degrees, either way",
    "zoom": "makes larger or smaller, 0.1 by up to a tenth",
    "shift": "moves by up to this share of the side, either way",
    "shear": "slants by up to this many degrees, either way",
    "brightness": "makes lighter or darker, by up to this share of white",
    "contrast": "changes contrast by up to this share",
    "saturation": "changes how colourful it is by up to this share",
    "hue": "turns colours by up to this many degrees",
    "erase": "covers a box of this share of the pictures in grey",
    "mixup": "blends with another picture, and the label likewise; the alpha of its shares",
    "cutmix": "takes a box from another picture, and its share of the label; the alpha of its area",
    "trivial": "one further change of each picture, of a kind and strength drawn for it",
}
# These go from one end to the other; the others happen or not, or differ in kind.
GRADUAL = frozenset(
    ("rotate", "zoom", "shift", "shear", "brightness", "contrast", "saturation", "hue")
)


class ShownPictures(NamedTuple):
    """Some pictures of each class, with their pixels (N, H, W, C)."""

    samples: tuple[Sample, ...]
    pixels_NHWC: Pixels
    sizes: tuple[tuple[int, int], ...]  # width and height as a viewer shows them


def some_pictures(data: Dataset, size: int, each: int, seed: int) -> ShownPictures:
    """So many pictures of each of the first classes, drawn by the seed; what is broken is passed.

    Raises InputError where none can be read.
    """
    store = pixel_store(data.shape_at(size), data.bits)
    shown = []
    for label in data.classes[:CLASSES]:
        own = [sample for sample in data.samples if sample.label == label]
        order = np.random.default_rng((seed, 0xA5)).permutation(len(own))
        shown += list(_readable([own[i] for i in order], data, store, each))
    if not shown:
        raise InputError(f"{data.root}: no picture in it can be read; `diptych audit` says why")
    sides = [store.facts(sample.digest) for sample in shown]
    return ShownPictures(
        tuple(shown),
        store.read([sample.digest for sample in shown]),
        tuple((facts.get("width", 0), facts.get("height", 0)) for facts in sides),
    )


def augmentation_page(
    title: str,
    shown: ShownPictures,
    policy: AugmentationPolicy,
    seed: int,
    remark: str = "",
) -> str:
    """The page as HTML: each picture as it is and as epochs see it, and each change alone."""
    return page(
        "augmentation.html",
        {
            "title": title,
            "diptych": importlib.metadata.version("diptych"),
            "remark": remark,
            "choices": [
                (name, f"{value:g}", MEANING[name])
                for name, value in policy._asdict().items()
                if value
            ],
            "versions": VERSIONS,
            "classes": list(_classes(shown, policy, seed)),
            "strips": list(_strips(shown, policy, seed)),
            "small": max(shown.pixels_NHWC.shape[1:3]) <= SMALL,
        },
    )


def _readable(samples: Sequence[Sample], data: Dataset, store: Any, each: int) -> Iterator[Sample]:
    """The first samples that can be read, with the digest of their content."""
    if data.shape:
        yield from samples[:each]
        return
    pictures = decode_files((sample.path for sample in samples[: 4 * each]), store)
    good = (
        sample._replace(digest=picture.digest)
        for sample, picture in zip(samples, pictures, strict=False)
        if not picture.reason
    )
    yield from (sample for sample, _ in zip(good, range(each), strict=False))


def _classes(
    shown: ShownPictures, policy: AugmentationPolicy, seed: int
) -> Iterator[dict[str, Any]]:
    """Each class with its pictures, and what the first epochs make of each."""
    epochs = [
        augment(shown.pixels_NHWC, _drawn(policy, shown.pixels_NHWC, seed, epoch))
        for epoch in range(1, VERSIONS + 1)
    ]
    for label in dict.fromkeys(sample.label for sample in shown.samples):
        rows = [
            {
                "name": sample.name,
                "original": _url(shown.pixels_NHWC[i]),
                "versions": [_url(levels_NHWC[i]) for levels_NHWC in epochs],
                **_sides(shown, i),
            }
            for i, sample in enumerate(shown.samples)
            if sample.label == label
        ]
        yield {"label": label, "rows": rows}


def _strips(
    shown: ShownPictures, policy: AugmentationPolicy, seed: int
) -> Iterator[dict[str, Any]]:
    """Each change alone, at its strength, of the first picture."""
    partner = next((i for i, s in enumerate(shown.samples) if s.label != shown.samples[0].label), 0)
    # Each picture of a step is mixed with the next one: every other place is the partner's.
    pixels_NHWC = shown.pixels_NHWC[[0, partner] * VERSIONS]
    for name, value in policy._asdict().items():
        if not value:
            continue
        alone = AugmentationPolicy(**{name: 1.0 if name in ("flip", "erase") else value})
        augmentation = _drawn(alone, pixels_NHWC, seed, 1)
        if name in GRADUAL:
            steps = np.repeat(np.linspace(0, 1, VERSIONS, dtype=np.float32), 2)
            numbers_NR = np.repeat(steps[:, None], random_numbers(0, 1, 1).shape[1], 1)
            augmentation = sample_augmentation(alone, pixels_NHWC.shape[1:], numbers_NR)
        levels_NHWC = augment(pixels_NHWC, augmentation)[::2]
        yield {
            "name": name,
            "value": f"{value:g}",
            "meaning": MEANING[name],
            "steps": [_url(levels) for levels in levels_NHWC],
            **_sides(shown, 0),
        }


def _drawn(policy: AugmentationPolicy, pixels_NHWC: Pixels, seed: int, epoch: int) -> Augmentation:
    numbers_NR = random_numbers(seed, epoch, len(pixels_NHWC))
    return sample_augmentation(policy, pixels_NHWC.shape[1:], numbers_NR)


def _sides(shown: ShownPictures, i: int) -> dict[str, int]:
    """The sides that a browser gives a picture back, which was squashed to a square."""
    width, height = shown.sizes[i]
    rows, columns = shown.pixels_NHWC.shape[1:3]
    return {"width": width or columns, "height": height or rows}


def _url(levels_HWC: Any) -> str:
    """Levels from 0 to 255 as the address of a picture."""
    return picture_url(thumbnail(np.rint(levels_HWC).clip(0, 255).astype(np.uint8), SIDE))
