"""Copies as augmentation makes them are found; pictures of the same thing are not."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from diptych.neighbours import cells
from drawn import pairs, pairs_among, photograph, pizza

Edit = Callable[[Image.Image], Image.Image]
Turn = Image.Transpose


def turned(degrees: float, fill: int) -> Edit:
    return lambda picture: picture.rotate(
        degrees, Image.Resampling.BILINEAR, fillcolor=(fill, fill, fill)
    )


def cut(left: float, top: float, right: float, bottom: float) -> Edit:
    """What is left between these shares of the width and height."""

    def edit(picture: Image.Image) -> Image.Image:
        w, h = picture.size
        return picture.crop((int(left * w), int(top * h), int(right * w), int(bottom * h)))

    return edit


def covered(level: int) -> Edit:
    """A box of a fifth of the area lies on it."""

    def edit(picture: Image.Image) -> Image.Image:
        picture = picture.copy()
        picture.paste((level, level, level), (40, 60, 40 + 144, 60 + 107))
        return picture

    return edit


def other_hue(picture: Image.Image) -> Image.Image:
    hue, saturation, value = picture.convert("HSV").split()
    hue = hue.point([(level + 90) % 256 for level in range(256)])
    return Image.merge("HSV", (hue, saturation, value)).convert("RGB")


OTHERWISE = "in other colours or partly covered"
EDITS: list[tuple[str, Edit, str]] = [
    ("mirrored", ImageOps.mirror, "mirrored"),
    ("upside down", lambda picture: picture.transpose(Turn.ROTATE_180), "turned by 180°"),
    ("top to bottom", ImageOps.flip, "mirrored top to bottom"),
    ("turned left", lambda picture: picture.transpose(Turn.ROTATE_90), "turned by 90°"),
    ("turned right", lambda picture: picture.transpose(Turn.ROTATE_270), "turned by 90°"),
    (
        "mirrored and turned",
        lambda picture: picture.transpose(Turn.TRANSPOSE),
        "mirrored and turned by 90°",
    ),
    ("turned by 10°", turned(10, 0), "turned by about"),
    ("turned by 15°", turned(-15, 255), "turned by about"),
    ("one side cut", cut(0.2, 0, 1, 1), "cut"),
    ("every side cut", cut(0.2, 0.2, 0.8, 0.8), "cut"),
    ("another hue", other_hue, ""),
    ("less colour", lambda picture: ImageEnhance.Color(picture).enhance(0.3), ""),
    ("black box", covered(0), OTHERWISE),
    ("white box", covered(255), OTHERWISE),
]


@pytest.mark.parametrize(
    ("edit", "change"), [row[1:] for row in EDITS], ids=[row[0] for row in EDITS]
)
def test_a_changed_copy_is_found_with_what_was_done(edit: Edit, change: str) -> None:
    originals = [photograph(seed) for seed in range(12)]
    actual = pairs_among([*originals, *(edit(picture) for picture in originals[:6])])
    assert [pair[:2] for pair in actual] == [(i, 12 + i) for i in range(6)]
    assert all(change in pair.change for pair in actual)


def test_among_many_changed_copies_are_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "FEW", 8)
    originals = [photograph(seed) for seed in range(12)]
    edits = [ImageOps.mirror, turned(10, 0), turned(-15, 255), cut(0.2, 0, 1, 1), covered(0)]
    copies = [edit(picture) for edit, picture in zip(edits, originals, strict=False)]
    assert pairs(originals + copies) == [(i, 12 + i) for i in range(len(edits))]


def test_photographs_of_muted_colours_are_found_in_grey() -> None:
    originals = [ImageEnhance.Color(photograph(seed)).enhance(0.5) for seed in range(12)]
    copies = [picture.convert("L").convert("RGB") for picture in originals[:6]]
    assert pairs(originals + copies) == [(i, 12 + i) for i in range(6)]


def test_a_mirrored_negative_is_no_copy() -> None:
    original = photograph(0)
    assert pairs([original, ImageOps.invert(ImageOps.mirror(original))]) == []


def test_two_things_on_one_table_are_no_copies_mirrored_or_not() -> None:
    table = photograph(1)
    scenes = []
    for place in ((60, 60), (190, 130), (200, 40)):
        scene = table.copy()
        thing = photograph(100 + place[0]).resize((70, 60))
        scene.paste(thing, place)
        scenes.append(scene)
    scenes[1] = ImageOps.mirror(scenes[1])
    assert pairs(scenes) == []


def test_pizzas_on_the_same_plate_are_no_copies_turned_or_not() -> None:
    assert pairs([pizza(seed).rotate(90 * (seed % 4)) for seed in range(24)]) == []


def test_mirrored_strokes_of_a_pen_are_no_copies() -> None:
    letter = Image.new("RGB", (112, 112))
    letter.paste((255, 255, 255), (36, 20, 46, 92))
    letter.paste((255, 255, 255), (46, 56, 76, 92))
    letter.paste((0, 0, 0), (54, 66, 66, 82))
    assert pairs([letter, ImageOps.mirror(letter)]) == []


def test_no_pictures_have_no_copies() -> None:
    assert pairs([Image.fromarray(np.zeros((64, 64, 3), np.uint8))] * 1) == []
