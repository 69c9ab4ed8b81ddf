import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import pytest

from classifiers import SMALL
from diptych import read, split
from diptych.errors import MissingExtra
from diptych.images.decoding import pixel_store
from diptych.system.progress import unwatched
from diptych.training.fitting import train_network
from diptych.training.pictures import with_pixels

T = TypeVar("T")


def test_that_scipy_is_missing_is_said_before_training(
    folder_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_work(items: Iterable[T], doing: str, total: int) -> Iterable[T]:
        raise AssertionError(f"began {doing}")

    parts, store = split(read(folder_of(60))), pixel_store((32, 32, 3))
    train, valid = (with_pixels(part, store, unwatched) for part in (parts.train, parts.valid))
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingExtra, match=r"SciPy is not installed; .*'diptych\[report\]'"):
        train_network(SMALL, train, valid, store, tmp_path / "checkpoints", no_work)
