"""Whatever is trained beside the head: it begins as the head, and is never worse."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from diptych import Recipe, read, split
from diptych.data.splitting import Splits
from diptych.engines.contract import Optimiser
from diptych.images import rows
from diptych.images.augmentation import AugmentationPolicy
from diptych.images.decoding import pixel_store
from diptych.images.store import Store
from diptych.networks import Unflatten, choosing
from diptych.networks.splitting import last_stages
from diptych.system.progress import unwatched
from diptych.training.fitting import TrainedNetwork, train_network
from diptych.training.loop import Schedule
from diptych.training.maps import map_views, stages
from diptych.training.pictures import with_pixels
from diptych.training.ways.head import fit_head
from diptych.training.ways.last import fit_last
from diptych.training.ways.task import (
    BestEpoch,
    Task,
    better_than_head,
    epochs_after_head,
    fine_tuning,
)
from diptych.training.ways.whole import fine_tune

pytestmark = pytest.mark.usefixtures("one_thread")

SIDE = 64
SMALL = Recipe(image_size=SIDE, epochs=2, batch_size=8, flip=0.5, map_views=2)
WAYS = pytest.mark.parametrize(("way", "fit"), [("last", fit_last), ("all", fine_tune)])


@pytest.fixture
def data(folder_of: Callable[..., Path]) -> tuple[Splits, Store]:
    parts, store = split(read(folder_of(16, side=SIDE))), pixel_store((SIDE, SIDE, 3))
    return Splits(*(with_pixels(part, store, unwatched) for part in parts)), store


def task_of(parts: Splits, recipe: Recipe, folder: Path) -> Task:
    start = choosing.start(recipe, (SIDE, SIDE, 3), parts.train.classes)
    return Task(recipe, start.network, start.weights, parts.train, parts.valid, folder, unwatched)


def trained(recipe: Recipe, data: tuple[Splits, Store], folder: Path) -> TrainedNetwork:
    parts, store = data
    return train_network(recipe, parts.train, parts.valid, store, folder, unwatched)


def learning(monkeypatch: pytest.MonkeyPatch, rate: float, *, kept: bool = False) -> None:
    """Fine-tuning at a rate; with `kept` whatever comes of it is taken."""
    how = Optimiser("sgd", 0.0, 1.0, frozen_norms=True), Schedule(2, 2, rate, 0.0)
    for module in ("last", "whole"):
        place = f"diptych.training.ways.{module}"
        monkeypatch.setattr(f"{place}.fine_tuning", lambda recipe: how)
        if kept:
            monkeypatch.setattr(f"{place}.better_than_head", lambda *_: True)


@pytest.mark.parametrize(
    ("way", "fit", "views"),
    [("last", fit_last, "one"), ("last", fit_last, "flips"), ("all", fine_tune, "flips")],
)
def test_training_goes_on_from_the_fitted_head(
    way: str,
    fit: Any,
    views: str,
    data: tuple[Splits, Store],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learning(monkeypatch, 1e-8, kept=True)
    for module in ("runtimes.features", "training.maps"):  # OpenVINO may compute in bfloat16
        monkeypatch.setattr(f"diptych.{module}.fastest", lambda: "onnxruntime")
    task = task_of(data[0], SMALL.replace(train=way, views=views), tmp_path / "run")
    tuned = fit(task, data[1])
    head = fit_head(task._replace(checkpoints=tmp_path / "head"), data[1])
    assert not tuned.head_only
    # Of as many views as the head, too.
    np.testing.assert_allclose(tuned.valid_logits_NK, head.valid_logits_NK, atol=0.005)


@WAYS
def test_what_is_worse_than_the_head_is_not_kept(
    way: str,
    fit: Any,
    data: tuple[Splits, Store],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    learning(monkeypatch, 3.0)
    tuned = trained(SMALL.replace(train=way), data, tmp_path / "run")
    head = trained(SMALL.replace(train="head"), data, tmp_path / "head")
    assert tuned.head_only
    assert all((value == head.weights[name]).all() for name, value in tuned.weights.items())
    assert "the head alone is kept" in caplog.text


@pytest.mark.parametrize(("gain", "better"), [(0.1, False), (1.0, True), (-1.0, False)])
def test_fine_tuning_has_to_be_better_than_the_head_by_more_than_chance(
    gain: float, better: bool, data: tuple[Splits, Store], tmp_path: Path
) -> None:
    task = task_of(data[0], SMALL, tmp_path)._replace(valid=data[0].train)
    labels = np.array(task.valid.targets())
    right_NK = np.eye(2, dtype=np.float32)[labels]
    noise_NK, other_NK = np.random.default_rng(0).normal(0, 1, (2, *right_NK.shape))
    head_NK = right_NK + noise_NK
    tuned_NK = head_NK + 0.3 * other_NK + gain * right_NK
    head = BestEpoch({}, b"", head_NK.astype(np.float32), (), head_only=True)
    assert better_than_head(task, tuned_NK.astype(np.float32), head) is better
    few = task._replace(valid=task.valid.with_samples(task.valid.samples[:9]))
    head = head._replace(valid_logits_NK=head.valid_logits_NK[:9])
    assert not better_than_head(few, tuned_NK[:9].astype(np.float32), head)


def test_the_last_stages_learn_for_half_as_many_epochs_as_all_layers() -> None:
    def epochs(way: str, most: int) -> int:
        recipe = Recipe(train=way, fine_epochs=most)
        assert fine_tuning(recipe)[1].epochs == epochs_after_head(recipe)
        return epochs_after_head(recipe)

    assert [epochs("all", most) for most in (1, 2, 6, 7)] == [1, 2, 6, 7]
    assert [epochs("last", most) for most in (1, 2, 6, 7)] == [1, 2, 3, 4]


def test_the_last_stages_learn_and_nothing_before_them(
    data: tuple[Splits, Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learning(monkeypatch, 0.01, kept=True)
    recipe = SMALL.replace(train="last")
    tuned = trained(recipe, data, tmp_path)
    assert not tuned.head_only
    start = choosing.start(recipe, (SIDE, SIDE, 3), data[0].train.classes)
    moved = {n.split(".")[0] for n, v in tuned.weights.items() if (v != start.weights[n]).any()}
    layers = start.network.layers[last_stages(start.network) :]
    assert moved == {name for layer in layers if (name := getattr(layer, "name", ""))}


def test_views_are_computed_once_and_differ(
    data: tuple[Splits, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, store = data
    task = task_of(parts, SMALL, Path())
    cut = stages("torch", task.network, task.start)
    digests = [sample.digest for sample in parts.train.samples]
    policy = AugmentationPolicy(flip=1.0)

    def views() -> list[Any]:
        return [rows[:] for rows in map_views(cut, digests, store, policy, 2, 0, unwatched)]

    plain, flipped = views()
    maps = cut.last.layers[0]
    assert isinstance(maps, Unflatten)
    shape = (len(digests), *maps)
    # What a mirror does to the picture it does to its maps, but for the padding at odd places.
    mirrored = plain.reshape(shape)[:, :, ::-1]
    assert np.abs(flipped.reshape(shape) - mirrored).mean() < np.abs(plain - flipped).mean()
    monkeypatch.setattr("diptych.training.maps._maps", None)
    assert all((one == other).all() for one, other in zip(views(), (plain, flipped), strict=True))


def test_a_head_learns_the_same_from_features_that_stay_on_the_disk(
    data: tuple[Splits, Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, store = data
    in_memory = fit_head(task_of(parts, SMALL, tmp_path / "memory"), store)
    monkeypatch.setattr(rows, "IN_MEMORY", 0)
    sizes: list[int] = []
    read_rows = Store.read

    def watched(self: Store, keys: list[str]) -> npt.NDArray[Any]:
        sizes.append(len(keys))
        return read_rows(self, keys)

    monkeypatch.setattr(Store, "read", watched)
    on_disk = fit_head(task_of(parts, SMALL, tmp_path / "disk"), store)
    assert 1 < max(sizes) <= SMALL.batch_size < len(parts.train)
    np.testing.assert_array_equal(on_disk.valid_logits_NK, in_memory.valid_logits_NK)
    for name, weight in in_memory.weights.items():
        np.testing.assert_array_equal(on_disk.weights[name], weight)
