"""How good is a classifier of 5, 20 or 50 pictures a class, beside fastai and Keras' tutorial?

Photographs of pizza and of other dishes: three draws of each size, the same 300 others to test on.

- `diptych`: `diptych train` on the folder with a cold cache, from the files to a finished bundle;
  of these few pictures it keeps 15 % to choose by, and 15 % for a test of its own.
- `fit`: `ImageClassifier().fit(files, labels)`, which keeps none for a test, and writes no bundle.
- `fastai`: `fine_tune` with the same backbone weights (see fastai_fine_tune.py); a fifth is to
  validate, as is its default.
- `keras`: tensorflow.org's "Transfer learning and fine-tuning" (keras_fine_tune.py), with the same
  backbone weights.

Time is that of processors, from the start of a process on; answers to the 300 do not count. Both
others get as many epochs as fit into the time of `diptych` on the same draw, and into 4 times that
(`--times 1 4`), at least one of each kind. What is done is kept in small.jsonl (or --results), and
the same command goes on there. `taskset -c 0 …` is for one core.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from fastai_side import fine_tuned
from measuring import cold_cache, diptych, machine, measured, need_photos

from diptych.metrics.paired import difference

SIZES, DRAWS = (5, 20, 50), 3
TESTED = 150  # of each class
HERE = Path(__file__).parent

Row = dict[str, Any]


class Job(NamedTuple):
    """What a line of the results is about."""

    contender: str
    each: int  # pictures of each class
    draw: int
    times: float  # how much of our time it may take


class Pictures(NamedTuple):
    """A draw, as folders of links: a part, then a class."""

    folder: Path

    @property
    def train(self) -> Path:
        return self.folder / "train"

    @property
    def test(self) -> Path:
        return self.folder / "test"

    @property
    def splits(self) -> Path:
        """Path, label and part of each, a fifth of the training part being to validate."""
        return self.folder / "splits.csv"

    def tested(self) -> list[Path]:
        """The test pictures, in the order of their answers."""
        return sorted(self.test.glob("*/*"))

    def marked(self, labels: Iterable[str]) -> str:
        """Which labels of the test pictures are right: "0110…"."""
        pairs = zip(labels, self.tested(), strict=True)
        return "".join(str(int(label == file.parent.name)) for label, file in pairs)


def lay(folder: Path, each: int, draw: int) -> Pictures:
    """So many pictures of each class, and those to test on, which no draw has."""
    pictures = Pictures(folder)
    rows = []
    for home in sorted(need_photos().iterdir()):
        files = sorted(home.iterdir())
        order = np.random.default_rng(0).permutation(len(files))
        drawn = np.random.default_rng((draw, each)).permutation(order[TESTED:])[:each]
        for part, numbers in (("train", drawn), ("test", sorted(order[:TESTED]))):
            (folder / part / home.name).mkdir(parents=True)
            for i, number in enumerate(numbers):
                link = folder / part / home.name / files[number].name
                link.symlink_to(files[number])
                kept = "valid" if part == "train" and i < each // 5 else part
                rows.append((link.relative_to(folder), home.name, kept))
    with pictures.splits.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("path", "label", "part"), *rows])
    return pictures


def by_command(pictures: Pictures, _: float) -> Row:
    """`diptych train`."""
    bundle = pictures.folder / "small.bundle"
    with cold_cache() as env:
        run = measured(diptych("train", pictures.train, "--out", bundle), env)
        answers = measured(diptych("predict", bundle, pictures.test), env).answer
    likeliest = {
        Path(answer["path"]): max(answer["probabilities"], key=answer["probabilities"].get)
        for answer in answers
    }
    return {
        "processor_seconds": run.processor_seconds,
        "parts": run.answer["parts"],
        "right": pictures.marked(likeliest[file] for file in pictures.tested()),
        "none_of_these": sum(answer["label"] == "none of these" for answer in answers),
    }


def by_library(pictures: Pictures, _: float) -> Row:
    """`ImageClassifier().fit`, in a process of its own."""
    with cold_cache() as env:
        command = [sys.executable, __file__, "--fit", str(pictures.folder)]
        row: Row = measured(command, env).answer
    return row


def fit(pictures: Pictures) -> Row:
    """What this process comes to."""
    from diptych import ImageClassifier

    files = sorted(pictures.train.glob("*/*"))
    model = ImageClassifier().fit(files, [file.parent.name for file in files])
    used = sum(os.times()[:4])
    return {
        "processor_seconds": used,
        "right": pictures.marked(model.predict(pictures.tested())),
    }


def by_fastai(pictures: Pictures, seconds: float) -> Row:
    return fine_tuned(pictures.folder, pictures.splits, "--seconds", str(seconds))


def by_keras(pictures: Pictures, seconds: float) -> Row:
    command = [sys.executable, HERE / "keras_fine_tune.py", pictures.train, pictures.test]
    done = subprocess.run(
        [*map(str, command), "--seconds", str(seconds)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


CONTENDERS: dict[str, Callable[[Pictures, float], Row]] = {
    "diptych": by_command,
    "fit": by_library,
    "fastai": by_fastai,
    "keras": by_keras,
}
OURS = ("diptych", "fit")


def jobs(times: list[float]) -> Iterator[Job]:
    """All that is to be done: equal time first, and a draw of each size before the next."""
    for share, draw, each, name in product(times, range(DRAWS), SIZES, CONTENDERS):
        if name not in OURS or share == times[0]:
            yield Job(name, each, draw, 1.0 if name in OURS else share)


def done(results: Path) -> dict[Job, Row]:
    """What is in the file."""
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    rows = map(json.loads, lines)
    return {Job(*(row[name] for name in Job._fields)): row for row in rows}


def measure(job: Job, known: dict[Job, Row]) -> Row:
    """One line of the results."""
    ours = known.get(job._replace(contender="diptych", times=1.0), {})
    seconds = job.times * ours.get("processor_seconds", 0.0)
    with tempfile.TemporaryDirectory() as folder:
        pictures = lay(Path(folder), job.each, job.draw)
        row = CONTENDERS[job.contender](pictures, seconds)
    return job._asdict() | row | {"machine": machine()}


def print_table(rows: dict[Job, Row], times: list[float]) -> None:
    """Each contender, and how much better `diptych` is, picture by picture."""
    print("| pictures a class | contender | accuracy (draws) | time | `diptych` is better by |")
    print("|---|---|---|---|---|")
    for each in SIZES:
        for name in CONTENDERS:
            for share in [1.0] if name in OURS else times:
                own = [(Job(name, each, draw, share)) for draw in range(DRAWS)]
                pairs = [
                    (rows[job._replace(contender="diptych", times=1.0)], rows[job])
                    for job in own
                    if job in rows
                ]
                if pairs:
                    print(f"| {each} | {name} | {' | '.join(cells(pairs))} |")


def cells(pairs: list[tuple[Row, Row]]) -> list[str]:
    """What a contender came to in each draw, beside `diptych`."""
    ours_SN, own_SN = (np.stack([right(row) for row in some]) for some in zip(*pairs, strict=True))
    seconds = [own["processor_seconds"] for _, own in pairs]
    ratio = sum(seconds) / sum(ours["processor_seconds"] for ours, _ in pairs)
    draws = ", ".join(f"{100 * one.mean():.1f}" for one in own_SN)
    refused = [own["none_of_these"] for _, own in pairs if "none_of_these" in own]
    epochs = [str(own["epochs"]) for _, own in pairs if "epochs" in own]
    # Draws are sampled for each of the two, as if they did not pair them: wider than it need be.
    gap = difference(ours_SN, own_SN, [str(i) for i in range(ours_SN.shape[1])])
    return [
        f"{100 * own_SN.mean():.1f} % ({draws})",
        f"{ratio:.2f} times, {sum(seconds) / len(seconds):.0f} s"
        + (f", epochs {' '.join(epochs)}" if epochs else "")
        + (f", none of these: {refused} of {ours_SN.shape[1]}" if refused else ""),
        f"{100 * gap.value:+.1f} points ({gap.reach})",
    ]


def right(row: Row) -> npt.NDArray[np.bool_]:
    return np.array([one == "1" for one in row["right"]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=float, nargs="+", default=[1.0, 4.0])
    parser.add_argument("--results", type=Path, default=Path("small.jsonl"))
    parser.add_argument("--fit", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fit:
        print(json.dumps(fit(Pictures(options.fit))))
        return
    for job in jobs(options.times):
        known = done(options.results)
        if job not in known:
            row = measure(job, known)
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    print_table(done(options.results), options.times)
    print(machine())


if __name__ == "__main__":
    main()
