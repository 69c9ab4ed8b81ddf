"""Is a class found that has a twentieth, or a hundredth, of the pictures of the other?

Two classes of CIFAR-10, 2,000 pictures of the first and 100 or 20 of the second to train on, a
fifth of that to validate, 1,000 of each to test; with and without `balance`, the head alone
(EfficientNet-Lite0 at 96 pixels) and `cnn` from scratch, each seed with other training pictures.
Recall is of the rare class; accuracy, and the log loss of probabilities at the frequencies of the
training, are those of a test in which the classes come as they do there. Intervals are of the
difference that `balance` makes, over pictures and seeds.

`bench_imbalance.py [head] [cnn] [--seeds 3]`; `--focal 2` trains with the focal loss, which Diptych
does not have.
"""

import argparse
import math
import tempfile
import zipfile
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from measuring import SHARED
from tried import focal_loss

from diptych import ImageClassifier, Recipe, read
from diptych.data.splitting import Splits
from diptych.metrics.paired import difference

PAIRS = (("automobile", "truck"), ("dog", "cat"))  # common, rare
COMMON, VALID_SHARE, TEST = 2000, 0.2, 1000
RECIPES = {
    "head": Recipe(image_size=96, train="head"),
    "cnn": Recipe(
        network="cnn", weights="none", train="all", image_size=32, epochs=15, batch_size=64,
        learning_rate=0.003, weight_decay=0.02, label_smoothing=0.0,
        flip=0.5, shift=0.1, zoom=0.1,
    ),
}  # fmt: skip


class Answers(NamedTuple):
    """What a classifier makes of the common and of the rare test pictures."""

    common_N: npt.NDArray[np.bool_]  # right
    rare_N: npt.NDArray[np.bool_]
    log_loss: float  # nats a picture, at the frequencies of the training

    def accuracy(self, ratio: int) -> float:
        """The share that is right of pictures as those of the training."""
        return float((ratio * self.common_N.mean() + self.rare_N.mean()) / (ratio + 1))


def lay(folder: Path, pair: tuple[str, str], ratio: int, seed: int) -> None:
    """The pictures as folders: a part, then a class."""
    with zipfile.ZipFile(SHARED / "cifar10.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        for label, share in zip(pair, (1, 1 / ratio), strict=True):
            train = round(COMMON * share)
            counts = {"train": train, "valid": max(math.ceil(train * VALID_SHARE), 2)}
            own = {
                part: [name for name in names if name.split("/")[-3:-1] == [part, label]]
                for part in ("train", "test")
            }
            drawn = iter(np.random.default_rng(seed).permutation(own["train"]).tolist())
            chosen = {part: [next(drawn) for _ in range(n)] for part, n in counts.items()}
            for part, some in (chosen | {"test": own["test"][:TEST]}).items():
                (folder / part / label).mkdir(parents=True)
                for name in some:
                    file = folder / part / label / Path(name).name
                    file.write_bytes(archive.read(name))


def answers(folder: Path, recipe: Recipe, pair: tuple[str, str], ratio: int) -> Answers:
    """What a classifier that is trained by the recipe makes of the test part."""
    data = read(folder)
    parts = Splits(
        *(
            data.with_samples(sample for sample in data.samples if sample.part == part)
            for part in ("train", "valid", "test")
        )
    )
    evaluation = ImageClassifier(recipe).fit(parts.train, parts.valid).evaluate(parts.test)
    p_NK = evaluation.predictions.probabilities_NK
    labels_N = np.array(evaluation.predictions.dataset.targets())
    natural_NK = evaluation.model.trained.calibration.natural(p_NK)
    loss_N = -np.log(np.maximum(natural_NK[np.arange(len(labels_N)), labels_N], 1e-12))
    is_rare_N = labels_N == data.classes.index(pair[1])
    right_N = p_NK.argmax(1) == labels_N
    log_loss = (ratio * loss_N[~is_rare_N].mean() + loss_N[is_rare_N].mean()) / (ratio + 1)
    return Answers(right_N[~is_rare_N], right_N[is_rare_N], float(log_loss))


def row(kind: str, pair: tuple[str, str], ratio: int, seeds: int) -> str:
    """A line of the table."""
    runs: dict[str, list[Answers]] = {"none": [], "weights": []}
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as name:
            lay(Path(name), pair, ratio, seed)
            for balance, done in runs.items():
                recipe = RECIPES[kind].replace(balance=balance, seed=seed)
                done.append(answers(Path(name), recipe, pair, ratio))
    without, with_it = runs["none"], runs["weights"]
    rare, common = (
        [np.stack([getattr(run, part) for run in some]) for some in (with_it, without)]
        for part in ("rare_N", "common_N")
    )
    pictures = [str(i) for i in range(TEST)]
    cells = [kind, f"{pair[1]} to {pair[0]} 1:{ratio}"]
    reach = difference(rare[0], rare[1], pictures).reach
    cells += [f"{rare[1].mean():.1%} → {rare[0].mean():.1%} ({reach})"]
    cells += [
        f"{100 * np.mean([run.accuracy(ratio) for run in without]):.1f} → "
        f"{100 * np.mean([run.accuracy(ratio) for run in with_it]):.1f} %"
    ]
    balanced = [(one.mean() + two.mean()) / 2 for one, two in zip(rare, common, strict=True)]
    cells += [f"{100 * balanced[1]:.1f} → {100 * balanced[0]:.1f} %"]
    losses = [float(np.mean([run.log_loss for run in some])) for some in (without, with_it)]
    return "| " + " | ".join([*cells, f"{losses[0]:.3f} → {losses[1]:.3f}"]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=list(RECIPES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--focal", type=float, default=0.0)
    options = parser.parse_args()
    loss = focal_loss(options.focal) if options.focal else nullcontext()
    print(
        "| what learns | classes | recall of the rare | accuracy | balanced accuracy | log loss |"
    )
    print("|---|---|---|---|---|---|")
    for kind in options.kinds:
        for pair in PAIRS if kind == "head" else PAIRS[:1]:
            for ratio in (20, 100):
                with loss:
                    print(row(kind, pair, ratio, options.seeds), flush=True)


if __name__ == "__main__":
    main()
