import itertools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors import SafetensorError

from conftest import BLUE, RED
from diptych import engines
from diptych.engines.contract import Engine, Epoch, Inputs, Optimiser, StepLosses
from diptych.errors import InputError
from diptych.metrics.probabilities import Logits
from diptych.networks.initialisation import initial
from diptych.networks.zoo import ZOO
from diptych.training import loop as training
from diptych.training import pace
from diptych.training.batches import Batches, one_hot
from diptych.training.loop import (
    EpochResult,
    LossNotFinite,
    Schedule,
    fit,
    learning_rates,
    predict_rows,
)

pytestmark = pytest.mark.usefixtures("one_thread")

SIDE = 8
ENGINES = pytest.mark.parametrize("engine", ["linear", "torch"])


def built(engine: str) -> Engine:
    network = ZOO["linear" if engine == "linear" else "cnn"]((SIDE, SIDE, 3), 2, 0.3)
    return engines.build(engine, network, initial(network, 0), Optimiser("adamw", 0.01, 1), 0)


def pictures(n: int, seed: int) -> tuple[npt.NDArray[np.uint8], list[int]]:
    """Red and blue in so much noise that no epoch is perfect."""
    rng = np.random.default_rng(seed)
    labels = [i % 2 for i in range(n)]
    colours = np.array([BLUE, RED])[labels][:, None, None] * 0.1 + 115
    noisy = colours + rng.normal(0, 60, (n, SIDE, SIDE, 3))
    return noisy.clip(0, 255).astype(np.uint8), labels


TRAIN, VALID = pictures(30, 1), pictures(20, 2)


def trained(
    engine: Engine, schedule: Schedule, checkpoints: Path, stop: int | None = None
) -> list[EpochResult]:
    """The history of a run; one that is stopped is abandoned as by a kill."""
    batches = Batches(TRAIN[0], one_hot(TRAIN[1], 2), 8, seed=0)
    return list(itertools.islice(fit(engine, batches, *VALID, schedule, checkpoints), stop))


def losses(history: Iterable[EpochResult]) -> list[tuple[float, ...]]:
    """All of an epoch but the time it took."""
    return [epoch[:5] for epoch in history]


def assert_same(one: Engine, other: Engine) -> None:
    actual, expected = one.weights(), other.weights()
    for name, value in expected.items():
        np.testing.assert_array_equal(actual[name], value, err_msg=name)


class Scripted:
    """An engine whose validation loss follows a script; its weights are the epoch's number.

    The loss is no number where the rate is above what it bears.
    """

    def __init__(self, *margins: float, bears: float = 1e9) -> None:
        self.margins = margins
        self.bears = bears
        self.epochs = 0
        self.rates: list[float] = []

    def train(self, epoch: Epoch) -> StepLosses:
        self.rates += epoch.rates
        if not epoch.first_step:
            self.epochs += 1
        rates_S = np.array(epoch.rates)
        return np.where(rates_S > self.bears, np.nan, rates_S).astype(np.float32)

    def predict(self, inputs: Inputs) -> Logits:
        return one_hot(VALID[1], 2) * np.float32(self.margins[self.epochs - 1])

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        return {"epoch": np.array([self.epochs], np.float32)}

    def save(self, directory: Path) -> None:
        (directory / "epoch").write_text(str(self.epochs))

    def load(self, directory: Path) -> None:
        self.epochs = int((directory / "epoch").read_text())

    def export(self, format: str, *, probabilities: bool = True) -> bytes:
        raise NotImplementedError


def test_learning_rates_climb_to_the_peak_then_fall_to_zero() -> None:
    rates = learning_rates(Schedule(10, 3, 0.01, 0.2), 50)
    assert len(rates) == 500
    top = int(np.argmax(rates))
    assert top == 100
    assert rates[top] == 0.01
    assert 0 < rates[0] < 0.0002
    steps = np.diff(rates)
    np.testing.assert_allclose(steps[:100], 0.01 / 101)
    assert (steps[100:] < 0).all()
    assert 0 < rates[-1] < 1e-6
    # Half of the way down a cosine is half of the height.
    assert rates[300] == pytest.approx(0.005)


@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.9])
@pytest.mark.parametrize(("epochs", "steps"), [(1, 1), (1, 2), (3, 1), (7, 13)])
def test_every_step_has_a_rate_above_zero(epochs: int, steps: int, warmup: float) -> None:
    rates = learning_rates(Schedule(epochs, 1, 0.5, warmup), steps)
    assert len(rates) == epochs * steps
    assert all(0 < rate <= 0.5 for rate in rates)


def test_without_a_warmup_the_first_step_is_at_the_peak() -> None:
    assert learning_rates(Schedule(2, 1, 0.5, 0.0), 3)[0] == 0.5


def test_training_stops_when_patience_is_at_its_end(tmp_path: Path) -> None:
    engine = Scripted(1, 3, 2, 2.5, 4, 1, 1, 1, 9)
    history = trained(engine, Schedule(50, 3, 0.1, 0.1), tmp_path)
    assert [epoch.best for epoch in history] == [True, True, False, False, True] + [False] * 3
    assert [epoch.number for epoch in history] == list(range(1, 9))


def test_an_equal_loss_is_not_a_better_one(tmp_path: Path) -> None:
    history = trained(Scripted(*[2] * 9), Schedule(9, 4, 0.1, 0.1), tmp_path)
    assert [epoch.best for epoch in history] == [True] + [False] * 4


def test_training_ends_with_the_last_epoch_of_the_schedule(tmp_path: Path) -> None:
    engine = Scripted(1, 2, 3, 4)
    schedule = Schedule(4, 1, 0.1, 0.1)
    history = trained(engine, schedule, tmp_path)
    assert len(history) == 4
    rates = learning_rates(schedule, 4)
    assert engine.rates == rates
    assert [epoch.learning_rate for epoch in history] == rates[3::4]


def test_at_the_end_the_engine_has_the_weights_of_the_best_epoch(tmp_path: Path) -> None:
    engine = Scripted(1, 3, 5, 2, 4)
    trained(engine, Schedule(5, 9, 0.1, 0.1), tmp_path)
    assert engine.weights()["epoch"] == 3


@ENGINES
def test_the_best_epoch_answers_as_it_did_when_it_was_new(engine: str, tmp_path: Path) -> None:
    subject = built(engine)
    history = trained(subject, Schedule(8, 9, 0.01, 0.1), tmp_path)
    best = min(history, key=lambda epoch: epoch.valid_loss)
    assert best is not history[-1]
    logits = predict_rows(subject, VALID[0], size=7)
    p_NK = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    loss = -np.log(p_NK[np.arange(20), VALID[1]]).mean()
    assert loss == pytest.approx(best.valid_loss, abs=1e-5)
    assert (logits.argmax(1) == VALID[1]).mean() == best.valid_accuracy


@pytest.mark.parametrize("pause", [0.0, 1e9], ids=["always", "when best"])
@pytest.mark.parametrize("killed_after", [1, 4, 6])
@ENGINES
def test_a_killed_run_goes_on_to_the_result_it_would_have_had(
    engine: str, killed_after: int, pause: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", pause)
    schedule = Schedule(6, 9, 0.01, 0.1)
    straight, resumed = built(engine), built(engine)
    expected = trained(straight, schedule, tmp_path / "straight")
    before = trained(built(engine), schedule, tmp_path / "killed", stop=killed_after)
    assert losses(before) == losses(expected)[:killed_after]
    actual = trained(resumed, schedule, tmp_path / "killed")
    assert losses(actual) == losses(expected)
    assert [e.best for e in actual] == [e.best for e in expected]
    assert_same(resumed, straight)


def test_epochs_with_a_checkpoint_are_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    script = (3, 2, 1, 1, 5)
    schedule = Schedule(5, 9, 0.1, 0.1)
    before = trained(Scripted(*script), schedule, tmp_path, stop=3)
    engine = Scripted(*script)
    history = trained(engine, schedule, tmp_path)
    assert losses(history[:3]) == losses(before)
    assert engine.rates == learning_rates(schedule, 4)[12:]
    assert engine.weights()["epoch"] == 5


def test_a_finished_run_is_told_again_without_training(tmp_path: Path) -> None:
    first = trained(Scripted(1, 2, 3), Schedule(3, 9, 0.1, 0.1), tmp_path)
    engine = Scripted(1, 2, 3)
    assert trained(engine, Schedule(3, 9, 0.1, 0.1), tmp_path) == first
    assert engine.rates == []
    assert engine.weights()["epoch"] == 3


@pytest.mark.parametrize("seconds", [0.0, 1e9])
def test_the_last_two_checkpoints_are_kept_with_the_best_of_each(
    seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", seconds)
    monkeypatch.setattr(pace, "FIRST_STEPS", 1)
    batches = Batches(TRAIN[0], one_hot(TRAIN[1], 2), 8, seed=0)
    engine = Scripted(1, 3, 2, 2, 4, 1, 1, 1)
    epochs = fit(engine, batches, *VALID, Schedule(8, 9, 0.1, 0.1), tmp_path)
    for epoch in itertools.islice(epochs, 7):
        kept = sorted(path.name for path in tmp_path.iterdir())
        best = {1: 1, 2: 2, 3: 2, 4: 2}.get(epoch.number, 5)
        before_best = {1: 0, 2: 1, 5: 2}[best]
        last = {f"epoch-{n:05d}" for n in (best, before_best)}
        if seconds == 0:
            # The last but one is of the third of its four steps.
            before = before_best if best == epoch.number else best
            last = {f"epoch-{n:05d}" for n in (epoch.number, best, before)}
            last.add(f"epoch-{epoch.number - 1:05d}-step-0000003")
        assert kept == sorted(last)


def test_a_checkpoint_that_was_being_written_is_ignored(tmp_path: Path) -> None:
    schedule = Schedule(4, 9, 0.1, 0.1)
    expected = trained(Scripted(1, 2, 3, 4), schedule, tmp_path / "straight")
    trained(Scripted(1, 2, 3, 4), schedule, tmp_path / "killed", stop=2)
    half = tmp_path / "killed" / "writing"
    half.mkdir()
    (half / "epoch").write_text("77")
    (half / "history.json").write_text("[[1, 0.1, 0.")
    engine = Scripted(1, 2, 3, 4)
    actual = trained(engine, schedule, tmp_path / "killed")
    assert losses(actual) == losses(expected)
    assert not half.exists()
    assert engine.weights()["epoch"] == 4


def test_an_epoch_is_told_in_a_line() -> None:
    epoch = EpochResult(3, 0.01, 0.51234, 0.43219, 0.875, 0.9, 1.0, True)
    assert epoch.describe() == "epoch 3, loss 0.512, valid 0.432 (87.5% right)"


def test_a_loss_that_is_no_number_stops_the_training_with_advice(tmp_path: Path) -> None:
    engine = Scripted(1.0, float("nan"))
    with pytest.raises(
        InputError, match="validation pictures is no longer a number in epoch 2, step 4 of 4, at a "
    ):
        trained(engine, Schedule(5, 5, 0.01, 0), tmp_path)


def test_it_stops_at_the_step_and_names_the_pictures(tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(30)]
    batches = Batches(TRAIN[0], one_hot(TRAIN[1], 2), 8, 0, names=names)
    schedule = Schedule(5, 5, 0.1, 0.5)
    rates = learning_rates(schedule, 4)
    with pytest.raises(LossNotFinite) as stopped:
        list(fit(Scripted(*[1] * 9, bears=rates[6]), batches, *VALID, schedule, tmp_path))
    said = str(stopped.value)
    assert f"(nan) in epoch 2, step 4 of 4, at a rate of {rates[7]:.3g}, after the pictures" in said
    *_, last = batches.rows_of(2)
    assert ", ".join(names[i] for i in last) in said


LOWER = Schedule(6, 9, 1.0, 0.4, lower_rate=True)


@pytest.mark.parametrize("pause", [0.0, 1e9])
def test_a_lower_rate_goes_on_from_the_best_epoch(
    pause: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", pause)
    engine = Scripted(3, 2, 4, 1, 1, 1, bears=0.3)
    history = {epoch.number: epoch for epoch in trained(engine, LOWER, tmp_path)}
    assert list(history) == [1, 2, 3, 4, 5, 6]
    # The first epoch's rates, up to 0.4, are too high; a quarter of them is not, up to the peak.
    assert [epoch.rate_scale for epoch in history.values()] == [0.25] * 6
    rates = learning_rates(LOWER, 4)
    assert [e.learning_rate for e in history.values()] == [rate / 4 for rate in rates[3::4]]
    assert engine.weights()["epoch"] == 3


def test_a_rate_that_stays_too_high_stops_the_training(tmp_path: Path) -> None:
    with pytest.raises(LossNotFinite, match="epoch 1, step 1 of 4"):
        trained(Scripted(1, bears=0.0), LOWER, tmp_path)


@pytest.mark.parametrize("killed_after", [1, 3])
def test_a_lowered_rate_outlives_a_kill(killed_after: int, tmp_path: Path) -> None:
    script = (1, 2, 3, 4, 5, 6)
    expected = trained(Scripted(*script, bears=0.15), LOWER, tmp_path / "straight")
    trained(Scripted(*script, bears=0.15), LOWER, tmp_path / "killed", stop=killed_after)
    actual = trained(Scripted(*script, bears=0.15), LOWER, tmp_path / "killed")
    last = {epoch.number: epoch for epoch in expected}
    assert losses(actual) == losses(last.values())
    assert [e.rate_scale for e in actual] == [e.rate_scale for e in last.values()]


def test_a_run_that_stopped_at_a_loss_goes_on_at_a_lower_rate(tmp_path: Path) -> None:
    script = (1, 2, 3, 4, 5, 6)
    stops = LOWER._replace(lower_rate=False)
    with pytest.raises(LossNotFinite):
        trained(Scripted(*script, bears=0.5), stops, tmp_path)
    history = trained(Scripted(*script, bears=0.5), LOWER, tmp_path)
    assert [epoch.rate_scale for epoch in history] == [1.0] + [0.25] * 5


def test_a_torn_checkpoint_gives_way_to_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    schedule = Schedule(5, 9, 0.1, 0.1)
    expected = trained(Scripted(1, 2, 3, 4, 5), schedule, tmp_path / "straight")
    for damage in ("epoch", "checkpoint.json"):
        folder = tmp_path / damage
        trained(Scripted(1, 2, 3, 4, 5), schedule, folder, stop=3)
        torn = max(folder.glob("epoch-*")) / damage
        torn.write_bytes(torn.read_bytes()[:-1] + b"x")
        engine = Scripted(1, 2, 3, 4, 5)
        assert losses(trained(engine, schedule, folder)) == losses(expected)
        assert f"{torn.parent}: this checkpoint is not used" in caplog.text
        assert engine.rates == learning_rates(schedule, 4)[11:]


@pytest.mark.parametrize("steps", [1, 3, 5])
@pytest.mark.parametrize("engine", ["linear", "torch"])
def test_a_run_that_is_killed_within_an_epoch_goes_on_from_the_step(
    engine: str,
    steps: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    schedule = Schedule(3, 9, 0.01, 0.1)
    straight = built(engine)
    expected = trained(straight, schedule, tmp_path / "straight")
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(pace, "FIRST_STEPS", 1)
    killed, taken = built(engine), list[int]()
    train = killed.train

    def until_killed(epoch: Epoch) -> StepLosses:
        taken.extend([epoch.number] * len(epoch))
        if len(taken) > steps:
            raise KeyboardInterrupt
        return train(epoch)

    monkeypatch.setattr(killed, "train", until_killed)
    with pytest.raises(KeyboardInterrupt):
        trained(killed, schedule, tmp_path / "killed")
    caplog.clear()
    resumed = built(engine)
    actual = trained(resumed, schedule, tmp_path / "killed")
    assert losses(actual) == losses(expected)
    assert_same(resumed, straight)
    assert f"goes on from epoch {steps // 4 + 1}, step {steps % 4 + 1}" in caplog.text


def test_a_checkpoint_that_cannot_be_written_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Scripted, directory: Path) -> None:
        (directory / "half").write_text("x")
        raise SafetensorError("I/O error: No space left on device")

    monkeypatch.setattr(Scripted, "save", full)
    with pytest.raises(InputError, match=r"no checkpoint can be written .*No space left"):
        trained(Scripted(1, 2), Schedule(2, 9, 0.1, 0.1), tmp_path)
    assert not list(tmp_path.iterdir())


def test_after_a_full_disk_the_same_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = Schedule(4, 9, 0.1, 0.1)
    expected = trained(Scripted(1, 2, 3, 4), schedule, tmp_path / "straight")
    save = Scripted.save

    def full_in_epoch_3(self: Scripted, directory: Path) -> None:
        save(self, directory)
        if self.epochs == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Scripted, "save", full_in_epoch_3)
    with pytest.raises(InputError, match=r"No space left on device.* the same command goes on"):
        trained(Scripted(1, 2, 3, 4), schedule, tmp_path / "full")
    monkeypatch.setattr(Scripted, "save", save)
    engine = Scripted(1, 2, 3, 4)
    assert losses(trained(engine, schedule, tmp_path / "full")) == losses(expected)
    assert len(engine.rates) == 8


def test_no_epoch_begins_that_would_end_late(tmp_path: Path) -> None:
    history = trained(built("linear"), Schedule(9, 9, 0.01, 0.1, seconds=1e-9), tmp_path)
    assert len(history) == 1
