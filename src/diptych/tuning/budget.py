"""What a training takes on this machine, from a short look, and what fits into a budget of time."""

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from diptych.data.dataset import Dataset
from diptych.engines.backbone import backbone_graph
from diptych.errors import InputError
from diptych.images.decoding import decode_files, pixel_store
from diptych.images.store import Store
from diptych.networks import choosing
from diptych.recipe import Recipe
from diptych.runtimes import open_graph
from diptych.runtimes.features import BATCH
from diptych.system.progress import unwatched
from diptych.training.fitting import train_network
from diptych.training.ways.task import planned_epochs
from diptych.tuning.presets import Preset

# Pictures that are read for the look, and batches that a trial training has.
LOOK, TRIAL_BATCHES = 24, 2
# How often a picture goes through the graph: features once; the tests, outliers and the report of
# the photographs come to about as much again. Start, head, export and pages: seconds.
FORWARDS, FIXED = 2.2, 15.0


class Pace(NamedTuple):
    """Seconds for a picture."""

    reading: float
    network: Mapping[str, float]  # forward through the graph, by the name of the network

    def describe(self) -> str:
        """The pace in a line, in pictures a second."""
        graphs = (f"{name} {1 / seconds:,.0f}" for name, seconds in self.network.items())
        return f"pictures/s here: reading {1 / self.reading:,.0f}, {', '.join(graphs)}"


def measured_pace(recipe: Recipe, networks: Iterable[str], data: Dataset) -> Pace:
    """How fast this machine reads some of the pictures, and runs each network's graph."""
    return Pace(_reading(recipe, data), _forward(recipe, networks, data))


def _forward(recipe: Recipe, networks: Iterable[str], data: Dataset) -> Mapping[str, float]:
    """Seconds for a picture in each network's graph."""
    shape = data.shape_at(recipe.image_size)
    images = np.random.default_rng(0).integers(0, 256, (BATCH, *shape), np.uint8)
    seconds = {}
    for name in networks:
        own = recipe.replace(network=name)
        start = choosing.start(own, shape, data.classes)
        run = open_graph(backbone_graph(own.engine, start.network, start.weights))
        run(images)  # the first one is slow
        seconds[name] = _seconds(lambda run=run: run(images)) / len(images)  # type: ignore[misc]
    return seconds


def _reading(recipe: Recipe, data: Dataset) -> float:
    if data.shape:
        return 1e-5  # they are read already
    step = max(len(data) // LOOK, 1)
    paths = [sample.path for sample in data.samples[::step][:LOOK]]
    store = pixel_store(data.shape_at(recipe.image_size), data.bits)
    return _seconds(lambda: list(decode_files(paths, store))) / len(paths)


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return max(time.monotonic() - started, 1e-6)


def expected_seconds(preset: Preset, pace: Pace, count: int) -> float:
    """What a preset of heads takes for so many pictures, from the files to the bundle."""
    names = [recipe.network for recipe in preset.networks]
    # Which one it will be is not known yet: the costliest.
    final = FORWARDS * max(pace.network[name] for name in names)
    # To choose among them, each backbone's features are computed by itself.
    looks = sum(pace.network[name] for name in names if "+" not in name) if len(names) > 1 else 0.0
    return FIXED + count * (1.5 * pace.reading + looks + final)


def affordable(preset: Preset, least: Preset, pace: Pace, count: int, seconds: float) -> Preset:
    """The preset without the costliest networks that do not fit into so many seconds.

    Where none does, it is the `least` one; raises InputError where that does not fit either, with
    the time that it needs.
    """
    networks = sorted(preset.networks, key=lambda recipe: pace.network[recipe.network])
    while networks:
        fits = [recipe for recipe in preset.networks if recipe in networks]
        smaller = preset._replace(networks=tuple(fits))
        needed = expected_seconds(smaller, pace, count)
        if needed <= seconds:
            return smaller
        networks.pop()
    needed = expected_seconds(least, pace, count)
    if needed <= seconds:
        return least
    raise too_short(seconds, needed, f"{count:,} pictures with {least.networks[0].network}")


class PixelPace(NamedTuple):
    """What a training from pixels takes, in seconds."""

    epoch: float
    rest: float  # features, test and report of the trained network

    def expected(self, recipe: Recipe) -> float:
        """At most so many seconds for all of it; fewer epochs may do."""
        return self.rest + self.epoch * planned_epochs(recipe)


def measured_pixel_pace(recipe: Recipe, train: Dataset, valid: Dataset, store: Store) -> PixelPace:
    """From a trial of a few batches."""
    epoch = epoch_seconds(recipe, train, valid, store)
    forward = _forward(recipe, (recipe.network,), train)[recipe.network]
    forwards = FORWARDS + recipe.map_views * (recipe.train == "last")
    return PixelPace(epoch, FIXED + forwards * forward * (len(train) + len(valid)))


def epochs_that_fit(
    recipe: Recipe, train: Dataset, valid: Dataset, store: Store, seconds: float
) -> tuple[Recipe, float]:
    """The recipe with at most so many epochs as end in time, report included; what it takes.

    Raises InputError where the time does not suffice for one epoch, with the least that is needed.
    """
    started = time.monotonic()
    pace = measured_pixel_pace(recipe, train, valid, store)
    spent = time.monotonic() - started
    left = seconds - spent - pace.rest
    epochs = int(left / pace.epoch)
    if epochs < 1:
        least = pace.rest + spent + pace.epoch
        raise too_short(seconds, least, f"one epoch of {len(train):,} pictures, test and report")
    # After the head there are but a few epochs; the head itself takes a moment.
    key = "fine_epochs" if choosing.has_pretrained(recipe) else "epochs"
    fewer = min(epochs, getattr(recipe, key))
    recipe = recipe.replace(**{key: fewer, "train_seconds": left})
    return recipe, pace.expected(recipe)


def epoch_seconds(recipe: Recipe, train: Dataset, valid: Dataset, store: Store) -> float:
    """What an epoch takes, from a trial of a few batches."""
    some = recipe.batch_size * TRIAL_BATCHES
    trial_train, trial_valid = some_of_each(train, some), some_of_each(valid, some)
    with tempfile.TemporaryDirectory() as folder:
        trial = train_network(
            recipe.replace(epochs=2, patience=2, fine_epochs=2),
            trial_train, trial_valid, store, Path(folder), unwatched,
        )  # fmt: skip
    last = trial.history[-1]
    training = last.train_seconds / len(trial_train) * len(train)
    validation = (last.seconds - last.train_seconds) / len(trial_valid) * len(valid)
    return training + validation


def some_of_each(data: Dataset, count: int) -> Dataset:
    """About so many samples, of every class in turn."""
    rows: dict[str, list[int]] = {label: [] for label in data.classes}
    for i, sample in enumerate(data.samples):
        rows[sample.label].append(i)
    each = max(-(-count // len(data.classes)), 1)
    return data.with_samples(data.samples[i] for own in rows.values() for i in own[:each])


def too_short(seconds: float, least: float, what: str) -> InputError:
    """The error of a budget that is too small, with the least that suffices here."""
    return InputError(
        f"--time: {duration(max(seconds, 0))} left are too short for {what}; "
        f"at the pace of this machine it takes {duration(least)} or more"
    )


def duration(seconds: float) -> str:
    """Seconds as people say them: 45s, 3m20s, 1h05m."""
    whole = -int(-seconds // 1)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m"
