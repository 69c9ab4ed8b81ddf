"""What do many machines cost on one, and is anything lost with a node?

Two workers of Ray on the processors of this machine answer for the real photographs by a bundle of
the default network, beside Diptych's plain way on the same processors. Both are warm: the bundle is
open, the workers are there. Then a cluster of two nodes loses one in the middle, and its answers
are compared with the plain ones. At last all layers of that network are trained by two nodes
together, beside this process with as many threads. `answers` or `training` alone is a part of it,
`--pictures N` takes fewer for the answers.
"""

import argparse
import contextlib
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from measuring import machine, need_photos

if TYPE_CHECKING:
    from diptych.training.loop import EpochResult

SETTINGS = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
    # Of this machine alone, whatever else runs on it.
    "RAY_ADDRESS": "local",
    # Ray's workers give way to everybody else; on a machine with other work that would be measured.
    "RAY_worker_niceness": "0",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}
NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 200 * 2**20}
ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="answers|training")
    parser.add_argument("--pictures", type=int, default=600)
    options = parser.parse_args()
    count, wanted = options.pictures, options.parts or ("answers", "training")
    # Ray reads them when it is imported, and its nodes inherit them.
    os.environ.update(SETTINGS)
    os.environ["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")
    paths = sorted(need_photos().rglob("*.jpg"))[:count]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DIPTYCH_CACHE"] = folder
        if "answers" in wanted:
            bundle = trained(Path(folder))
            compare(bundle, paths)
            lose_a_node(bundle, paths)
        if "training" in wanted:
            train_together(Path(folder))
    print(machine())


def trained(folder: Path) -> Path:
    """A bundle of the default network and a head."""
    from diptych import ImageClassifier, audit, clean, read, split

    data = read(need_photos())
    parts = split(clean(data, audit(data, checks=())))
    model = ImageClassifier().fit(parts.train, parts.valid)
    bundle: Path = model.evaluate(parts.test).save(folder / "photos.bundle")
    return bundle


def compare(bundle: Path, paths: list[Path]) -> None:
    """The rate of both ways, one after the other, several times."""
    from diptych.bundles.predictor import load
    from diptych.distributing import working_on

    predictor = load(bundle)
    predictor.predict(paths[:32])
    plain, there = [], []
    with working_on("ray"):
        predictor.predict(paths[:128])  # the workers start
        for _ in range(ROUNDS):
            there.append(rates(lambda: predictor.predict(paths), len(paths)))
            with here():
                plain.append(rates(lambda: predictor.predict(paths), len(paths)))
            print(
                f"plain {plain[-1][0]:.1f} pictures/s, Ray {there[-1][0]:.1f}; of a second of a "
                f"processor {plain[-1][1]:.1f} and {there[-1][1]:.1f}"
            )
    for which, by in enumerate(("the clock", "processor time")):
        ratios = np.array([t[which] / p[which] for t, p in zip(there, plain, strict=True)])
        print(
            f"by {by} Ray with two workers reaches {np.median(ratios):.2f} of the plain way "
            f"(median of {ROUNDS}; {ratios.min():.2f}–{ratios.max():.2f}), {len(paths)} photographs"
        )


def train_together(folder: Path) -> None:
    """The rate of three epochs of fine-tuning, and how far apart what is learned comes out."""
    from diptych import Recipe, audit, clean, read, split
    from diptych.distributing import working_on
    from diptych.system.progress import unwatched
    from diptych.training.fitting import train_network
    from diptych.training.pictures import at_one_depth

    recipe = Recipe(
        engine="torch", network="efficientnet_lite0", train="all", image_size=160, fine_epochs=3
    )
    data = read(need_photos())
    parts = split(clean(data, audit(data, checks=())))
    pair = parts.train, parts.valid
    (train, valid), store = at_one_depth(pair, recipe.image_size, 0, unwatched)

    def epochs(name: str) -> "tuple[EpochResult, ...]":
        return train_network(recipe, train, valid, store, folder / name, unwatched).history

    alone = epochs("alone")
    with two_nodes(), working_on("ray"):
        together = epochs("together")
    # Pictures go to the nodes in the first epoch.
    one, two = (min(epoch.train_seconds for epoch in run[1:]) for run in (alone, together))
    apart = max(abs(there.loss - here.loss) for there, here in zip(together, alone, strict=True))
    count = len(parts.train)
    print(
        f"all layers at {recipe.image_size} pixels: here {count / one:.1f} pictures/s, two nodes "
        f"{count / two:.1f}, {one / two:.2f} times; the first epoch takes them "
        f"{together[0].train_seconds:.1f} s, later ones {two:.1f} s; losses are {apart:.1e} apart"
    )


@contextlib.contextmanager
def two_nodes() -> Iterator[tuple[Any, Any]]:
    """A cluster of two nodes with a processor each, and the second node; RAY_ADDRESS names it."""
    from ray.cluster_utils import Cluster

    os.environ.pop("RAY_ADDRESS")
    nodes: Any = Cluster(initialize_head=True, head_node_args=NODE)
    node = nodes.add_node(**NODE)
    os.environ["RAY_ADDRESS"] = nodes.address
    try:
        yield nodes, node
    finally:
        nodes.shutdown()
        os.environ["RAY_ADDRESS"] = "local"


def lose_a_node(bundle: Path, paths: list[Path]) -> None:
    """The answers of two nodes of which one goes, beside those of one machine."""
    from diptych.bundles.predictor import load
    from diptych.distributing import working_on

    predictor = load(bundle)
    expected = predictor.predict(paths)
    with two_nodes() as (nodes, node), working_on("ray"):
        answers = []
        started = time.monotonic()
        for answer in predictor.stream(paths):
            answers.append(answer)
            if len(answers) == len(paths) // 3:
                nodes.remove_node(node, allow_graceful=False)
                for worker in workers_of(node.node_id):
                    os.kill(worker, signal.SIGKILL)
        seconds = time.monotonic() - started
    same = sum(one == other for one, other in zip(answers, expected, strict=True))
    print(
        f"two nodes, one lost on the way: {same} of {len(paths)} answers the same, {seconds:.1f} s"
    )


def workers_of(node_id: str) -> Iterator[int]:
    """The processes of workers of a node, which a machine would take with it."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            said = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if node_id.encode() in said and b"ray::" in (folder / "cmdline").read_bytes():
            yield int(folder.name)


def here() -> Any:
    """Work that is done in this process, inside of a block that has it done elsewhere."""
    from diptych.system.workplace import working_at

    return working_at(None)


def rates(work: Any, count: int) -> tuple[float, float]:
    """How many pictures in a second, and in a second of a processor."""
    started, used = time.monotonic(), processor_seconds()
    work()
    return count / (time.monotonic() - started), count / (processor_seconds() - used)


def processor_seconds() -> float:
    """What this process and all below it have used, Ray's own ones among them."""
    parents, ticks = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            facts = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)], ticks[int(folder.name)] = (
            int(facts[1]),
            sum(map(int, facts[11:13])),
        )
    family = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks[pid] for pid in family) / os.sysconf("SC_CLK_TCK")


main()
