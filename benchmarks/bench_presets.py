"""How good are the presets quick, good and best on held-out photographs?

Five folds twice over, the same for all: of what is not held out, 15 % choose the epoch and
calibrate, the rest is trained on, and `best` chooses on that rest alone. Heads are trained by the
engine in NumPy, which takes the same steps as the others but for dropout. Features are cached, and
each fold is a line of the file that is named (presets.jsonl): a run that was stopped goes on. The
time of a whole job is that of `diptych train --preset`.
"""

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from measuring import machine, need_photos
from sklearn.model_selection import StratifiedGroupKFold, StratifiedShuffleSplit

from diptych.auditing import audit
from diptych.auditing.cleaning import clean
from diptych.data.dataset import Dataset
from diptych.images.decoding import pixel_store
from diptych.images.store import Store
from diptych.metrics.probabilities import log_softmax
from diptych.recipe import Recipe
from diptych.sources import read
from diptych.system.progress import unwatched
from diptych.training.pictures import with_pixels
from diptych.tuning.choice import best_of, features_of, trained_head
from diptych.tuning.presets import PRESETS, preset

ROUNDS, FOLDS = 2, 5


def main() -> None:
    file = Path(sys.argv[1] if len(sys.argv) > 1 else "presets.jsonl")
    recipe = Recipe()
    data = read(need_photos())
    data = clean(data, audit(data, size=recipe.image_size, min_side=recipe.min_side))
    store = pixel_store(data.shape_at(recipe.image_size), data.bits)
    data = with_pixels(data, store, unwatched)
    done = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    known = {(line["round"], line["fold"]) for line in done}
    labels_N = np.array(data.targets())
    groups = [sample.group or sample.digest for sample in data.samples]
    for seed in range(ROUNDS):
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        for fold, (rest, test_N) in enumerate(folds.split(labels_N, labels_N, groups)):
            if (seed, fold) in known:
                continue
            share = StratifiedShuffleSplit(1, test_size=recipe.valid_share, random_state=seed)
            train, valid = next(share.split(rest, labels_N[rest]))
            line: dict[str, Any] = {"round": seed, "fold": fold}
            for name in PRESETS:
                line |= {name: scored(name, data, store, rest[train], rest[valid], test_N)}
            done.append(line)
            with file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")
    report(done)
    print(machine())


def scored(
    name: str,
    data: Dataset,
    store: Store,
    train_N: np.ndarray,
    valid_N: np.ndarray,
    test_N: np.ndarray,
) -> dict[str, object]:
    """What was right, and the log loss, of each picture of a fold; and what was chosen."""
    started = time.process_time()
    wanted = preset(name, Recipe())
    recipe = wanted.networks[0]
    if wanted.open:
        part = data.with_samples(data.samples[i] for i in train_N)
        recipe = best_of(wanted, part, store).chosen.recipe
    features_ND = features_of(recipe, recipe.network, data, store)
    labels_N = np.array(data.targets())
    logits_NK = trained_head(
        recipe, features_ND, labels_N, train_N, valid_N, test_N, len(data.classes)
    )
    labels = labels_N[test_N]
    loss_N = -log_softmax(logits_NK)[np.arange(len(labels)), labels]
    return {
        "right": (logits_NK.argmax(1) == labels).astype(int).tolist(),
        "loss": loss_N.round(5).tolist(),
        "network": recipe.network,
        "learning_rate": recipe.learning_rate,
        "label_smoothing": recipe.label_smoothing,
        "seconds": round(time.process_time() - started, 1),
    }


def report(done: list[dict[str, Any]]) -> None:
    """Each preset, paired with the first."""
    for name in PRESETS:
        right, loss = (
            np.concatenate([line[name][key] for line in done]) for key in ("right", "loss")
        )
        base, base_loss = (
            np.concatenate([line[PRESETS[0]][key] for line in done]) for key in ("right", "loss")
        )
        # Each picture is held out once a round.
        rounds = len({line["round"] for line in done})
        error, loss_error = (
            1.96 * np.std(gap) / np.sqrt(len(gap) / rounds)
            for gap in (right - base, loss - base_loss)
        )
        chosen = dict(Counter(line[name]["network"] for line in done))
        print(
            f"{name:6} {right.mean():.2%} right ({100 * (right - base).mean():+.2f} ± "
            f"{100 * error:.2f} points), log loss {loss.mean():.4f} "
            f"({(loss - base_loss).mean():+.4f} ± {loss_error:.4f}), "
            f"{sum(line[name]['seconds'] for line in done) / len(done):.1f} s of heads; {chosen}"
        )


if __name__ == "__main__":
    main()
