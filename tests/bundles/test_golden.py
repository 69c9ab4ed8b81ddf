from pathlib import Path

import pytest

from diptych import load
from diptych.data.dataset import Shape
from diptych.errors import BundleError
from diptych.images.preprocess import decode


def test_answers_other_than_the_golden_ones_are_noticed(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_black(data: bytes, shape: Shape) -> object:
        actual = decode(data, shape)
        pixels = actual.pixels.copy()
        pixels[::2] = 0
        return actual._replace(pixels=pixels)

    monkeypatch.setattr("diptych.bundles.golden.decode", half_black)
    with pytest.raises(BundleError, match="answers differently here"):
        load(bundle)
