"""Diptych: from a pile of pictures to an image classifier you can trust.

data  = read("photos/")
findings = audit(data);  print(findings)
parts = split(clean(data, findings), seed=0)
model = ImageClassifier(Recipe(engine="torch")).fit(parts.train, parts.valid)
model.evaluate(parts.test).save("pizza.bundle")
load("pizza.bundle").predict(["new.jpg"])
"""

import sys

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    # `python -m diptych` is on its way: it would look for modules in the working folder first, and
    # a random.py there is none of ours.
    del sys.path[0]

import importlib
from typing import TYPE_CHECKING

from diptych.system.privacy import keep_private as _keep_private

if TYPE_CHECKING:
    from diptych.auditing import audit as audit
    from diptych.auditing.cleaning import clean as clean
    from diptych.bundles.predictor import load as load
    from diptych.classifier import ImageClassifier as ImageClassifier
    from diptych.data.splitting import split as split
    from diptych.gathering import gather as gather
    from diptych.recipe import Recipe as Recipe
    from diptych.reporting.audit_page import save_audit as save_audit
    from diptych.sources import read as read
    from diptych.tuning.choosing import choose as choose
    from diptych.tuning.search import tune as tune

# ONNX Runtime reports its use as soon as it is imported, whoever does that.
_keep_private()

# Imported on first use, so that `import diptych` costs nothing.
_HOMES = {
    "gather": "gathering",
    "read": "sources",
    "audit": "auditing",
    "save_audit": "reporting.audit_page",
    "clean": "auditing.cleaning",
    "split": "data.splitting",
    "Recipe": "recipe",
    "ImageClassifier": "classifier",
    "load": "bundles.predictor",
    "choose": "tuning.choosing",
    "tune": "tuning.search",
}

__all__ = [
    "ImageClassifier",
    "Recipe",
    "audit",
    "choose",
    "clean",
    "gather",
    "load",
    "read",
    "save_audit",
    "split",
    "tune",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'diptych' has no attribute '{name}'")
    return getattr(importlib.import_module(f"diptych.{_HOMES[name]}"), name)
