from collections.abc import Callable
from pathlib import Path

import pytest

from classifiers import SMALL
from diptych import ImageClassifier, Recipe, read, split
from diptych.data.splitting import Splits
from diptych.errors import InputError
from diptych.training.interrupted import RunNote
from diptych.training.loop import EpochResult

LONG = SMALL.replace(epochs=30, patience=30)


class Killed(Exception):
    """Stands for a kill."""


def stopped(parts: Splits, keep: Path, recipe: Recipe = LONG, name: str = "a") -> None:
    """A training that is stopped in the middle."""

    def until(items, doing, total):  # type: ignore[no-untyped-def]
        for item in items:
            yield item
            if isinstance(item, EpochResult) and item.number == 10:
                raise Killed

    with pytest.raises(Killed):
        ImageClassifier(recipe).fit(parts.train, parts.valid, keep=keep, name=name, track=until)


def resumed(parts: Splits, keep: Path, recipe: Recipe = LONG, name: str = "a") -> ImageClassifier:
    model = ImageClassifier(recipe)
    return model.fit(parts.train, parts.valid, keep=keep, name=name, resume=True)


@pytest.fixture
def parts(folder_of: Callable[..., Path]) -> Splits:
    return split(read(folder_of(20)))


def test_what_was_stopped_is_resumed(
    parts: Splits, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stopped(parts, tmp_path)
    resumed(parts, tmp_path)
    (said,) = caplog.messages
    assert said.startswith("goes on from epoch ")


def test_a_changed_recipe_is_named(
    parts: Splits, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stopped(parts, tmp_path)
    other = LONG.replace(learning_rate=0.1, batch_size=16)
    changes = r"batch_size = 16 \(it had 32\), learning_rate = 0.1 \(it had 0.001\)"
    with pytest.raises(InputError, match=rf"not the training for a that was stopped: {changes};"):
        resumed(parts, tmp_path, other)
    ImageClassifier(other).fit(parts.train, parts.valid, keep=tmp_path, name="a")
    assert "starts anew: another training for a was stopped, this one has batch_size" in caplog.text


def test_changed_pictures_are_counted(
    parts: Splits, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    stopped(parts, tmp_path)
    train, valid, test = parts
    less = Splits(train.with_samples(train.samples[2:]), valid, test)
    with pytest.raises(InputError, match="stopped: 2 pictures gone;"):
        resumed(less, tmp_path)
    moved = valid.samples[0]._replace(part="train")
    other = Splits(
        train.with_samples((*train.samples, moved)), valid.with_samples(valid.samples[1:]), test
    )
    with pytest.raises(InputError, match="stopped: 1 picture in another part;"):
        resumed(other, tmp_path)
    turned = Splits(train.with_samples(train.samples[::-1]), valid, test)
    with pytest.raises(InputError, match="stopped: the pictures in another order"):
        resumed(turned, tmp_path)


def test_where_nothing_was_stopped_nothing_is_resumed(parts: Splits, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no training for a was stopped; to start one, leave out"):
        resumed(parts, tmp_path)
    stopped(parts, tmp_path, LONG.replace(seed=1), name="b")
    with pytest.raises(InputError, match="no training for a was stopped"):
        resumed(parts, tmp_path)


def test_what_comes_of_a_loss_that_is_no_number_makes_no_other_run(parts: Splits) -> None:
    runs = {
        RunNote.of("a", LONG.replace(on_nan=what), None, parts.train, parts.valid).run
        for what in ("stop", "lower-rate")
    }
    assert len(runs) == 1
