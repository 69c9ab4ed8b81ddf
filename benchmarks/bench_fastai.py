"""How good and how fast is the main job beside fastai, with the same backbone and split?

Diptych: `diptych train` on the photographs with a cold cache, from the files to a finished bundle.
fastai: `fine_tune(1)` and `fine_tune(3)` (one epoch frozen, then one or three), as its tutorial
does, with the same EfficientNet-Lite0 weights, the same train, validation and test pictures, in an
environment of its own (.venv-fastai, made here).

`bench_fastai.py --train last all` asks it of `diptych train --train last` and `all`, each beside
`fine_tune` with as many epochs as fit into the same seconds of processors.
"""

import argparse
import tempfile
from pathlib import Path

from fastai_side import fine_tuned
from measuring import Run, cold_cache, diptych, machine, measured, need_photos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--train", nargs="+", choices=("head", "last", "all"), default=[])
    options = parser.parse_args()
    photos = need_photos()
    with tempfile.TemporaryDirectory() as folder:
        if not options.train:
            at_a_few_epochs(photos, Path(folder))
        for way in options.train:
            at_equal_time(photos, Path(folder), way)
    print(machine())


def at_a_few_epochs(photos: Path, folder: Path) -> None:
    """The default recipe, beside one epoch and three."""
    ours = trained(photos, folder / "pizza.bundle")
    theirs = []
    for epochs in ("1", "3"):
        theirs.append(
            fine_tuned(photos, folder / "pizza.bundle" / "splits.csv", "--epochs", epochs)
        )
        print(f"fastai 1+{epochs}: {theirs[-1]['accuracy']:.1%} in {theirs[-1]['seconds']:.0f} s")
    best = max(theirs, key=lambda run: run["accuracy"])
    print(f"fastai's best: {best['accuracy']:.1%} in {best['seconds']:.0f} s")
    print(f"that is {best['seconds'] / ours.seconds:.1f} times our time")


def at_equal_time(photos: Path, folder: Path, way: str) -> None:
    """A way to train, beside as many epochs as fit into its time."""
    bundle = folder / f"{way}.bundle"
    ours = trained(photos, bundle, "--train", way)
    seconds = str(ours.processor_seconds)
    theirs = fine_tuned(photos, bundle / "splits.csv", "--seconds", seconds)
    print(
        f"fastai 1+{theirs['epochs']}: {theirs['accuracy']:.1%} in "
        f"{theirs['processor_seconds']:.0f} s of processors",
        flush=True,
    )


def trained(photos: Path, bundle: Path, *how: str) -> Run:
    """Our training, with a cold cache."""
    with cold_cache() as env:
        run = measured(diptych("train", photos, "--out", bundle, *how), env)
    accuracy = run.answer["test"]["accuracy"]
    print(
        f"{' '.join(('diptych', *how))}: {accuracy['value']:.1%} test accuracy "
        f"({accuracy['low']:.1%}–{accuracy['high']:.1%}) in {run.seconds:.0f} s, "
        f"{run.processor_seconds:.0f} s of processors",
        flush=True,
    )
    return run


main()
