import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from classifiers import SMALL
from diptych import Recipe, read, split
from diptych.data.splitting import Splits
from diptych.engines.contract import Epoch, StepLosses
from diptych.engines.linear import LinearEngine
from diptych.errors import InputError, MissingExtra
from diptych.images.decoding import pixel_store
from diptych.images.store import Store
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


def prepared(folder: Path, size: int = 32) -> tuple[Splits, Store]:
    parts, store = split(read(folder)), pixel_store((size, size, 3))
    return Splits(*(with_pixels(part, store, unwatched) for part in parts)), store


def test_a_single_picture_is_no_training_part(
    folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    parts, store = prepared(folder_of(10))
    one = parts.train.with_samples(parts.train.samples[:1])
    with pytest.raises(InputError, match="more than a single picture"):
        train_network(SMALL, one, parts.valid, store, tmp_path, unwatched)


@pytest.mark.parametrize("engine", ["torch", "tensorflow"])
def test_an_odd_number_of_pictures_is_trained_in_twos(
    engine: str, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    parts, store = prepared(folder_of(9))
    train = parts.train.with_samples(parts.train.samples[:7])
    recipe = Recipe(engine=engine, network="cnn", image_size=32, batch_size=2, epochs=2)
    trained = train_network(recipe, train, parts.valid, store, tmp_path, unwatched)
    assert len(trained.history) == 2
    assert all(np.isfinite(value).all() for value in trained.weights.values())


def test_too_little_memory_names_what_takes_it(
    folder_of: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: LinearEngine, epoch: Epoch) -> StepLosses:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")

    parts, store = prepared(folder_of(10))
    monkeypatch.setattr(LinearEngine, "train", full)
    with pytest.raises(InputError) as refused:
        train_network(SMALL, parts.train, parts.valid, store, tmp_path, unwatched)
    assert str(refused.value) == (
        "there is not enough memory; lower batch_size (now 32) or image_size (now 32) with --set, "
        "or take a smaller network than linear"
    )
