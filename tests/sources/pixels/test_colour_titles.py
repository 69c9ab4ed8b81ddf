"""Tables whose titles say which number is the red, the green or the blue of a pixel."""

from pathlib import Path

import numpy as np
import pytest

from diptych import read
from diptych.data.pixel_format import PixelFormat, PixelValues
from diptych.errors import InputError
from diptych.sources.pixels.pixel_csv import read_pixels
from pixel_tables import LABELS, noise, pixels_of, table

PICTURES = noise(24, 4, 4, 3)
WORDS = ("red", "green", "blue")


@pytest.mark.parametrize(
    "titles",
    [
        [f"{colour}{i}" for i in range(16) for colour in "RGB"],
        [f"{colour}{i}" for colour in "RGB" for i in range(16)],
        [f"{colour}{i}" for colour in "BGR" for i in range(16)],
        [f"{colour}{i}" for colour in "RGB" for i in sorted(range(16), key=str)],
        [f"{word}_{i}" for i in range(16) for word in WORDS],
        [f"pixel_{y}_{x}_{colour}" for y in range(4) for x in range(4) for colour in "rgb"],
        [f"pixel{i}{colour}" for colour in "RGB" for i in range(16)],
    ],
    ids=lambda titles: f"{titles[0]},{titles[1]}",
)
def test_colours_are_those_of_the_titles(titles: list[str], tmp_path: Path) -> None:
    order = [_place(title) for title in titles]
    rows = [[y, *x.reshape(-1)[order]] for y, x in zip(LABELS, PICTURES, strict=True)]
    path = table(tmp_path / "d.csv", ["label", *titles], rows)
    for shape in (None, "4x4x3"):
        np.testing.assert_array_equal(pixels_of(read(path, shape=shape)), PICTURES)
    # An untitled file that was expected to lie otherwise changes nothing in what titles say.
    expected = PixelFormat((4, 4, 3), PixelValues(0, 255, True))
    ((_, pixels),) = read_pixels(path, expected)
    np.testing.assert_array_equal(pixels, PICTURES)


def _place(title: str) -> int:
    """Where a number of such a title belongs in a picture (4, 4, 3)."""
    numbers = [int(word) for word in title.replace("_", " ").split() if word.isdigit()]
    numbers = numbers or [int("".join(filter(str.isdigit, title)))]
    pixel = numbers[0] if len(numbers) == 1 else 4 * numbers[0] + numbers[1]
    letters = title.replace("pixel", "").strip("_0123456789").lower()
    return 3 * pixel + "rgb".index(letters[0])


def test_a_grey_shape_is_refused(tmp_path: Path) -> None:
    titles = [f"{colour}{i}" for i in range(48) for colour in "RGB"]
    rows = [[y, *x.reshape(-1)] for y, x in zip(LABELS, noise(24, 12, 12), strict=True)]
    path = table(tmp_path / "d.csv", ["label", *titles], rows)
    with pytest.raises(InputError, match="144 numbers a row are no square picture"):
        read(path)
    with pytest.raises(InputError, match="144 numbers a row are no picture of 12x12"):
        read(path, shape="12x12")
    assert read(path, shape="6x8x3").shape == (6, 8, 3)


def test_how_the_colours_lie_is_remembered_for_files_without_titles(tmp_path: Path) -> None:
    titles = [f"{colour}{i}" for colour in "RGB" for i in range(16)]
    planar = PICTURES.transpose(0, 3, 1, 2).reshape(24, -1)
    rows = [[y, *x] for y, x in zip(LABELS, planar, strict=True)]
    data = read(table(tmp_path / "d.csv", ["label", *titles], rows))
    np.testing.assert_array_equal(pixels_of(data), PICTURES)
    assert data.pixel_format
    untitled = table(tmp_path / "new.csv", None, planar.tolist())
    ((_, pixels),) = read_pixels(untitled, data.pixel_format)
    np.testing.assert_array_equal(pixels, PICTURES)
