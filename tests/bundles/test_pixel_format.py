"""What numbers mean is a fact of a bundle: whatever reads a later file reads it so."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifiers import SMALL, evaluated
from diptych import load
from diptych.bundles.format import Bundle, open_bundle
from diptych.data.pixel_format import PixelFormat, PixelValues
from diptych.errors import InputError
from diptych.exporting.pictures import pictures
from diptych.reporting.explain import Explainer
from pixel_tables import noise, table

N = 150
LABELS = np.arange(N) % 3
TITLES = [f"p{i}" for i in range(16)]


def numbers() -> Any:
    """Bars, beams, and noise that is sixteen times darker."""
    rows = noise(N, 4, 4).astype(int) // 8
    rows[LABELS == 0, 1] = 255
    rows[LABELS == 1, :, 2] = 255
    rows[LABELS == 2] //= 3
    return rows.reshape(N, 16)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle, and the table that it was made of."""
    folder = tmp_path_factory.mktemp("numbers")
    rows = [[f"kind {y}", *row] for y, row in zip(LABELS, numbers(), strict=True)]
    path = table(folder / "train.csv", ["label", *TITLES], rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIPTYCH_CACHE", str(folder / "cache"))
        evaluated(path, SMALL).save(folder / "b")
    return folder


def test_it_is_written_and_read(home: Path) -> None:
    facts = json.loads((home / "b" / "bundle.json").read_text())
    assert facts["preprocess"]["values"] == {"low": 0, "high": 255, "planar": None}
    assert open_bundle(home / "b").pixel_format == PixelFormat((4, 4, 1), PixelValues(0, 255))


def test_a_bundle_from_before_it_was_written_infers_it(home: Path) -> None:
    facts = json.loads((home / "b" / "bundle.json").read_text())
    del facts["preprocess"]["values"]
    assert Bundle(home / "b", facts).pixel_format == PixelFormat((4, 4, 1))


def test_dark_pictures_alone_are_as_dark(home: Path, tmp_path: Path) -> None:
    predictor = load(home / "b")
    dark = numbers()[LABELS == 2][:9]
    alone = table(tmp_path / "dark.csv", TITLES, dark)
    mixed = table(tmp_path / "mixed.csv", TITLES, [*dark, [255] * 16])
    answers = predictor.predict(alone)
    assert [a.probabilities for a in answers] == [
        a.probabilities for a in predictor.predict(mixed)[:9]
    ]
    explained = Explainer(predictor).stream(alone)
    assert [e.overlay is not None for e in explained] == [True] * 9
    np.save(tmp_path / "dark.npy", dark.reshape(9, 4, 4))
    in_array = predictor.predict(tmp_path / "dark.npy")
    assert [a.probabilities for a in in_array] == [a.probabilities for a in answers]


def test_labelled_pictures_are_scored_with_it(home: Path, tmp_path: Path) -> None:
    fresh = (noise(9, 4, 4, seed=7).reshape(9, 16) // 30).tolist()
    path = table(tmp_path / "dark.csv", ["label", *TITLES], [["kind 2", *row] for row in fresh])
    predictions = load(home / "b").evaluate(path)
    assert predictions.dataset.values == PixelValues(0, 255)


def test_exports_find_their_pictures_again(home: Path) -> None:
    """The table is read anew into a cache that has nothing of it."""
    found = pictures(open_bundle(home / "b"), home / "train.csv", calibrate=False)
    assert len(found.validation.pixels) == len(found.validation.keys) > 0


def test_numbers_outside_are_one_line(home: Path, tmp_path: Path) -> None:
    path = table(tmp_path / "wide.csv", TITLES, [[4095] * 16, [0] * 16])
    [answer] = load(home / "b").predict(path)
    assert answer.error == (
        "line 2, p0: 4095 is not among 0 to 255, the range of the training pictures; scale these "
        "as those were"
    )
    rows = [["kind 1", *([4095] * 16)], ["kind 2", *([0] * 16)]]
    labelled = table(tmp_path / "labelled.csv", ["label", *TITLES], rows)
    with pytest.raises(InputError, match="line 2, p0: 4095 is not among 0 to 255"):
        load(home / "b").evaluate(labelled)
