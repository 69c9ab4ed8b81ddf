import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from classifiers import evaluated
from diptych import load
from diptych.data.dataset import Shape
from diptych.errors import BundleError
from diptych.images.preprocess import decode


def test_answers_other_than_the_golden_ones_are_noticed(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_black(data: bytes, shape: Shape, bits: int) -> object:
        actual = decode(data, shape, bits)
        pixels = actual.pixels.copy()
        pixels[::2] = 0
        return actual._replace(pixels=pixels)

    monkeypatch.setattr("diptych.bundles.golden.decode", half_black)
    with pytest.raises(BundleError, match="answers differently here"):
        load(bundle)


def test_pictures_that_are_gone_when_the_bundle_is_written_are_taken_from_the_cache(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    root = folder_of(30)
    tested = evaluated(root)
    shutil.rmtree(root / "red")
    for path in (root / "blue").iterdir():
        path.write_bytes(b"no longer a picture")
    bundle = tested.save(tmp_path / "a.bundle")
    load(bundle)
    assert len(list((bundle / "golden").glob("*.png"))) == 6
