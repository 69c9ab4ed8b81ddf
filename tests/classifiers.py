"""A classifier that is trained in a moment."""

from pathlib import Path

from diptych import ImageClassifier, Recipe, audit, clean, read, split
from diptych.reporting.evaluation import Evaluation

SMALL = Recipe(engine="linear", network="linear", train="all", image_size=32, epochs=10)


def evaluated(root: Path, recipe: Recipe = SMALL) -> Evaluation:
    """The classifier of a folder of pictures, with its answers for the test part."""
    data = read(root)
    parts = split(clean(data, audit(data, size=32)))
    return ImageClassifier(recipe).fit(parts.train, parts.valid).evaluate(parts.test)
