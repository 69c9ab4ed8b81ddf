"""What trials may look at."""

from collections.abc import Callable
from pathlib import Path

import pytest

from diptych import read, split
from diptych.data.folding import development
from diptych.errors import GateError
from diptych.images.decoding import PixelStore, pixel_store
from diptych.recipe import Recipe
from diptych.system.progress import unwatched
from diptych.training.pictures import with_pixels
from diptych.tuning.judging import judge
from diptych.tuning.material import DevelopmentStore, Material

LINEAR = Recipe(engine="linear", network="linear", train="all", image_size=32, epochs=2)


@pytest.fixture
def store() -> PixelStore:
    return pixel_store((32, 32, 3))


def test_a_picture_of_the_test_part_cannot_be_looked_at(
    folder_of: Callable[..., Path], store: PixelStore
) -> None:
    parts = split(with_pixels(read(folder_of(20)), store, unwatched))
    learned = development(parts.train, parts.valid)
    guarded = DevelopmentStore(store, learned)
    assert len(guarded.read([sample.digest for sample in learned.samples])) == len(learned)
    with pytest.raises(GateError, match="of the test part was about to be looked at"):
        guarded.read([parts.test.samples[0].digest])


def test_a_trial_that_looks_at_the_test_part_fails(
    folder_of: Callable[..., Path], store: PixelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = split(with_pixels(read(folder_of(20)), store, unwatched))
    learned = development(parts.train, parts.valid)
    assert len(judge(LINEAR, Material(learned, store, 2, unwatched), 0).loss_N) == len(learned)
    material = Material(learned, store, 2, unwatched)
    # As by a mistake that takes all pictures for those of the search.
    material.data = learned.with_samples(s for part in parts for s in part.samples)
    with pytest.raises(GateError):
        material.features(LINEAR)
    stolen = [fold._replace(train=fold.train.with_samples(
        (*fold.train.samples, *parts.test.samples)
    )) for fold in material.folds(0, LINEAR)]  # fmt: skip
    monkeypatch.setattr(material, "folds", lambda *_: stolen)
    with pytest.raises(GateError):
        judge(LINEAR, material, 0)


def test_folds_part_no_group_and_those_of_another_seed_are_others(
    folder_of: Callable[..., Path], store: PixelStore
) -> None:
    data = with_pixels(read(folder_of(20)), store, unwatched)
    paired = data.with_samples(
        sample._replace(group=str(i // 2)) for i, sample in enumerate(data.samples)
    )
    material = Material(paired, store, 4, unwatched)
    for fold in material.folds(0, LINEAR):
        groups = [{sample.group for sample in part.samples} for part in fold]
        assert not groups[0] & groups[2] and not groups[1] & groups[2]
    tests = [material.places(fold.test).tolist() for fold in material.folds(0, LINEAR)]
    assert sorted(place for test in tests for place in test) == list(range(40))
    assert tests != [material.places(fold.test).tolist() for fold in material.folds(1, LINEAR)]


def test_how_far_a_trial_is_only_ever_grows(
    folder_of: Callable[..., Path], store: PixelStore
) -> None:
    data = with_pixels(read(folder_of(10)), store, unwatched)
    tenths: list[int] = []
    slow = LINEAR.replace(epochs=25, patience=25)
    judge(slow, Material(data, store, 2, unwatched), 0, watch=lambda at, _: tenths.append(at))
    assert tenths == [*range(1, 11), *range(11, 21)]
