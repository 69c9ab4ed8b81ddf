"""Pictures that come as numbers, as users have them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classifiers import SMALL, evaluated
from diptych import load, read
from diptych.data.pixel_format import PixelValues
from diptych.errors import InputError
from pixel_tables import pixels_of

pytestmark = pytest.mark.realdata

Field = Callable[[str], Path]


@pytest.mark.parametrize(
    ("script", "name", "classes", "values"),
    [
        ("20_unnamed_index", "train.csv", "012", (0, 255)),
        ("21_numeric_header", "train.csv", "012", (0, 255)),
        ("21b_numeric_header_small", "train.csv", "345", (0, 255)),
        ("22_minus_one_to_one", "usps.csv", "012", (-1, 1)),
        ("23_decimal_comma", "eu.csv", "012", (0, 1)),
        ("25_mac_zip", "train.csv.zip", "012", (0, 255)),
        ("28_idx_gz", "train-images-idx3-ubyte.gz", "012", (0, 255)),
        ("28_idx_gz", "", "012", (0, 255)),
    ],
)
def test_numbers_are_read(
    script: str, name: str, classes: str, values: tuple[int, int], field: Field
) -> None:
    data = read(field(script) / name)
    assert data.classes == tuple(classes)
    assert len(data) == 150
    assert set(data.counts().values()) == {50}
    assert data.values == PixelValues(*values)
    # Bars and blobs are white on dark.
    assert np.median(pixels_of(data)) < 64
    assert pixels_of(data).max() == 255


def test_semicolons_part_columns_beside_decimal_commas(field: Field) -> None:
    data = read(field("10_semicolon_decimal_comma") / "labels.csv")
    assert data.counts() == {'Br"ot': 30, "Käse, „alt“ 🧀": 30}


def test_standardised_numbers_are_asked_for(field: Field) -> None:
    path = field("22b_z_scores") / "z.csv"
    with pytest.raises(InputError, match=r"from -0\.4242 to 2\.8215 .* --range=-0\.4242-2\.8215$"):
        read(path)
    assert pixels_of(path, value_range="-0.4242-2.8215").max() == 255


def test_white_is_a_fact_of_the_bundle(field: Field, tmp_path: Path) -> None:
    folder = field("30_range_per_file")
    bundle = evaluated(folder / "train.csv", SMALL).save(tmp_path / "b")
    facts = json.loads((bundle / "bundle.json").read_text())
    assert facts["preprocess"]["values"] == {"low": 0, "high": 255, "planar": None}
    predictor = load(bundle)
    assert {answer.label for answer in predictor.predict(folder / "dark.csv")} == {"dark"}
    _, *others = predictor.predict(folder / "dark_and_one.csv")
    assert [a.probabilities for a in others] == [
        a.probabilities for a in predictor.predict(folder / "dark.csv")
    ]
