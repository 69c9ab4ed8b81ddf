from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import picture
from diptych.errors import ImageError
from diptych.images import decoding, preprocess
from diptych.images.decoding import copy_alike, decode_files, pixel_store


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


@pytest.mark.parametrize("bits", [12, 13, 16])
def test_what_is_copied_to_another_depth_is_what_would_be_decoded_there(
    tmp_path: Path, bits: int
) -> None:
    files = []
    for highest in (255, 4_000, 4_200, 65_535):
        files.append(tmp_path / f"{highest}.png")
        levels = np.linspace(0, min(highest, 2**bits - 1), 64).astype(np.uint16).reshape(8, 8)
        Image.fromarray(levels.astype(np.uint8) if highest == 255 else levels).save(files[-1])
    plain, copied = pixel_store((8, 8, 3)), pixel_store((8, 8, 3), bits)
    pictures = list(decode_files(files, plain))
    copy_alike(pictures, plain, copied)
    assert [p.digest in copied for p in pictures] == [True, False, bits == 16, bits == 16]
    for one in pictures:
        if one.digest in copied:
            decoded = preprocess.decode(one.path.read_bytes(), (8, 8, 3), bits).pixels
            assert np.array_equal(copied.read([one.digest])[0], decoded)
            assert copied.facts(one.digest) == plain.facts(one.digest)
