"""One network trained on two machines: it learns what it would learn on one."""

import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from command import diptych
from diptych import Recipe, engines
from diptych.distributing import working_on
from diptych.distributing.crew import seats_of
from diptych.engines.contract import Batch, Engine, Epoch, Optimiser, Share
from diptych.errors import InputError
from diptych.images.augmentation import AugmentationPolicy
from diptych.networks.initialisation import initial
from diptych.networks.zoo import build
from diptych.system.workplace import elsewhere
from diptych.training.batches import Batches, one_hot
from diptych.training.loop import EpochResult, Schedule, fit
from diptych.training.member import Form, SentRows
from diptych.training.team import TeamEngine, part_of

pytestmark = pytest.mark.filterwarnings("ignore")  # of Ray's own

COUNT, SIDE = 75, 16
RNG = np.random.default_rng(3)
LABELS = RNG.integers(0, 2, COUNT)
# Noise, in which one class has more red.
PIXELS = RNG.integers(0, 200, (COUNT, SIDE, SIDE, 3), np.uint8)
PIXELS[LABELS == 1, ..., 0] += 40
NETWORK = build("cnn", (SIDE, SIDE, 3), 2, 0.3)
WEIGHTS = initial(NETWORK, 0)
TARGETS = one_hot(LABELS.tolist(), 2, 0.05)
SEED = 5
EVERYTHING = AugmentationPolicy(flip=0.5, rotate=15, brightness=0.1, mixup=0.4, cutmix=1.0)
FROM_SCRATCH = Optimiser("sgd", 0.01, 1.0, clip=1.0, average_decay=0.9)
FINE_TUNING = Optimiser("adamw", 0.01, 1.0, frozen_norms=True)


@pytest.fixture(autouse=True)
def in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the workers: in bfloat16 sums depend on how they are parted."""
    monkeypatch.setattr("diptych.engines.torch.precision.has_bfloat16", lambda device: False)


def batches(policy: AugmentationPolicy | None = None) -> Batches:
    return Batches(PIXELS, TARGETS, 16, SEED, policy)


class Learned(NamedTuple):
    losses: Any  # (S,) of each step
    weights: dict[str, Any]
    answers: Any


def learned(engine: Engine, policy: AugmentationPolicy, rates: list[float]) -> Learned:
    """What comes of the first steps."""
    losses = engine.train(batches(policy).epoch(1, rates))
    return Learned(losses, engine.weights(), engine.predict(PIXELS[:5]))


@contextlib.contextmanager
def team(optimiser: Optimiser, most: int = 16) -> Iterator[TeamEngine]:
    with working_on("ray"):
        place = elsewhere()
        assert place is not None
        own = ("torch", NETWORK, WEIGHTS, optimiser, SEED)
        with closing(TeamEngine(place, *own, most)) as engine:
            yield engine


def alone(optimiser: Optimiser) -> Engine:
    return engines.build("torch", NETWORK, WEIGHTS, optimiser, SEED)


def history(engine: Engine, folder: Path, train: Batches | None = None) -> list[EpochResult]:
    schedule = Schedule(3, 3, 0.001, 0.1)
    return list(
        fit(engine, train or batches(), PIXELS[:20], LABELS[:20].tolist(), schedule, folder)
    )


def test_a_step_is_that_of_one_machine_whatever_is_in_it(
    cluster: Any, caplog: pytest.LogCaptureFixture
) -> None:
    # Later steps grow apart as those of one machine do with another number of threads.
    rates = [0.02, 0.02, 0.02]
    expected = learned(alone(FROM_SCRATCH), EVERYTHING, rates)
    with team(FROM_SCRATCH) as engine:
        actual = learned(engine, EVERYTHING, rates)
    assert "2 processes of the cluster train together" in caplog.text
    assert actual.losses == pytest.approx(expected.losses, abs=1e-5)
    assert actual.answers == pytest.approx(expected.answers, abs=1e-4)
    assert actual.weights.keys() == expected.weights.keys()
    for name, value in expected.weights.items():
        assert actual.weights[name] == pytest.approx(value, abs=1e-4), name


def test_three_epochs_of_fine_tuning_are_those_of_one_machine_though_workers_and_nodes_die(
    cluster: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = history(alone(FINE_TUNING), tmp_path / "alone")
    third = cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20, include_dashboard=False)

    def kill_one() -> None:
        named = (
            path for path in Path("/proc").glob("[0-9]*/cmdline") if b"ray::Member" in _of(path)
        )
        os.kill(int(next(named).parent.name), signal.SIGKILL)

    troubles: list[Callable[[], object]] = [kill_one, lambda: cluster.remove_node(third)]
    with team(FINE_TUNING) as engine:
        actual = history(engine, tmp_path / "team", Troubled.of(batches(), troubles))
    assert not troubles
    said = [record.getMessage() for record in caplog.records]
    assert said.count("a machine was lost; training goes on from the last checkpoint") == 2
    gathered = [line for line in said if line.endswith("train together")]
    assert gathered == [f"{size} processes of the cluster train together" for size in (3, 3, 2)]
    for there, here in zip(actual, expected, strict=True):
        assert there.loss == pytest.approx(here.loss, abs=1e-4)
        assert there.valid_loss == pytest.approx(here.valid_loss, abs=1e-4)


def _of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended
        return b""


class Troubled(Batches):
    """Batches at the third of which, in each epoch after the first, something happens."""

    troubles: list[Callable[[], object]]

    @classmethod
    def of(cls, plain: Batches, troubles: list[Callable[[], object]]) -> "Troubled":
        one = cls(**vars(plain))
        object.__setattr__(one, "troubles", troubles)
        return one

    def epoch(self, number: int, rates: Any, first_step: int = 0) -> Any:
        return _TroubledEpoch(super().epoch(number, rates, first_step), self.troubles)


class _TroubledEpoch:
    def __init__(self, epoch: Epoch, troubles: list[Callable[[], object]]) -> None:
        self._epoch, self._troubles = epoch, troubles

    def __getattr__(self, name: str) -> Any:
        return getattr(self._epoch, name)

    def __len__(self) -> int:
        return len(self._epoch)

    def __iter__(self) -> Iterator[Batch]:
        for at, batch in enumerate(self._epoch):
            if at == 2 and self._epoch.number > 1 and self._troubles:
                self._troubles.pop(0)()
            yield batch


def test_a_command_trains_on_all_machines(
    cluster: Any, folder_of: Callable[..., Path], tmp_path: Path
) -> None:
    out = tmp_path / "b.bundle"
    given = ("--engine", "torch", "--network", "cnn", "--train", "all", "--epochs", "2")
    run = diptych("train", folder_of(20, side=32), "--out", out, *given, "--on", "ray")
    assert run.returncode == 0, run.stderr
    assert "2 processes of the cluster train together" in run.stderr
    assert "on this machine alone" not in run.stderr
    assert (out / "model.onnx").exists()


def test_machines_that_die_again_and_again_are_told_of() -> None:
    engine = TeamEngine(_Dying(), "torch", NETWORK, WEIGHTS, FINE_TUNING, SEED, 16)
    with pytest.raises(InputError, match="machines die as they train, 6 times"):
        engine.weights()


class _Dying:
    """A place whose crews are lost at once."""

    def map(self, *_: object) -> Any:
        raise NotImplementedError

    def crew(self, make: Callable[[], object], most: int) -> Any:
        from diptych.system.workplace import CrewLost

        raise CrewLost


def test_machines_that_compute_otherwise_are_told_apart() -> None:
    place = _Unlike()
    engine = TeamEngine(place, "torch", NETWORK, WEIGHTS, FINE_TUNING, SEED, 16)
    with pytest.raises(
        InputError, match=r"cannot train together \(a cuda, float16; b cpu, float32"
    ):
        engine.weights()
    assert place.closed


class _Unlike:
    """A place whose crews have members of two kinds."""

    addresses = ("a", "b")
    closed = False

    def map(self, *_: object) -> Any:
        raise NotImplementedError

    def crew(self, make: Callable[[], object], most: int) -> Any:
        return self

    def ask_all(self, method: str, *_: object) -> Any:
        assert method == "kind"
        return lambda: ["cuda, float16", "cpu, float32"]

    def close(self) -> None:
        self.closed = True


def test_seats_are_for_machines_alike_and_for_gpus_that_a_processor_serves() -> None:
    def nodes(*sizes: tuple[int, int]) -> list[dict[str, Any]]:
        dead = {"Alive": False, "Resources": {"CPU": 99, "GPU": 9}}
        return [dead, *({"Alive": True, "Resources": {"CPU": c, "GPU": g}} for c, g in sizes)]

    assert seats_of(nodes((8, 0), (16, 0), (2, 0), (0, 0))) == (2, 8, 0)
    assert seats_of(nodes((8, 0), (16, 4), (1, 2))) == (5, 1, 1)
    assert seats_of(nodes((0, 4))).members == 0


def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(InputError, match=r"has no room for 0\.2 GB of pictures \(No space left"):
        SentRows(Form((1000, 288, 288, 3), "|u1"))


def test_a_team_meets_at_the_address_of_the_cluster_alone() -> None:
    meeting = engines.team_host("torch", "127.0.0.1").meeting
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", meeting.port))


def test_a_share_has_the_pictures_that_its_own_are_mixed_with() -> None:
    (first, *_) = batches(EVERYTHING).epoch(1, [0.1])
    assert first.augmentation is not None
    share = Share(4, 8, len(first.rows))
    part = part_of(first, share)
    assert part.augmentation is not None
    assert part.rows.tolist() == first.rows[[4, 5, 6, 7, 8]].tolist()
    assert part.augmentation.partner_N.tolist() == [1, 2, 3, 4, 4]
    whole, own = (
        engines.augmented("linear", PIXELS[batch.rows], batch.augmentation)
        for batch in (first, part)
        if batch.augmentation is not None
    )
    assert np.array_equal(own[:4], whole[4:8])
    assert np.array_equal(part.targets_NK, first.targets_NK[4:8])


def test_what_cannot_be_shared_is_refused() -> None:
    from torch import nn

    from diptych.engines.torch.team import _share_norm

    with pytest.raises(InputError, match=r"BatchNorm1d.*train this network without --on"):
        _share_norm(nn.BatchNorm1d(3))
    with pytest.raises(InputError, match="tensorflow trains on one machine"):
        engines.team_host("tensorflow", "127.0.0.1")
    assert Recipe(engine="tensorflow").engine not in engines.TEAMED
