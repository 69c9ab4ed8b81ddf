from pathlib import Path

import numpy as np
import pytest

from conftest import picture
from diptych.errors import ImageError
from diptych.images import decoding, preprocess
from diptych.images.decoding import decode_files, pixel_store


def test_a_picture_for_which_there_was_too_little_memory_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(data: bytes, shape: tuple[int, int, int], bits: int) -> preprocess.Decoded:
        raise ImageError("too large", preprocess.NO_MEMORY)

    file = tmp_path / "a.png"
    picture(1).save(file)
    with monkeypatch.context() as patch:
        patch.setattr(decoding, "decode", full)
        (refused,) = decode_files([file], pixel_store((8, 8, 3)))
    assert refused.reason == "too large"
    store = pixel_store((8, 8, 3))
    (actual,) = decode_files([file], store)
    assert not actual.reason
    assert np.ptp(store.read([actual.digest])) > 0
