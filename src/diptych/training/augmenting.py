"""How pictures are changed in training where a recipe does not say."""

import logging
from collections.abc import Sequence

from diptych.images.augmentation import AugmentationPolicy
from diptych.recipe import Recipe
from diptych.training.defaults import has_mirrored_classes

# Networks without convolutions: what moves is another picture to them.
_DENSE = ("linear", "mlp")
FLIP, CROP = 0.5, {"shift": 0.1, "zoom": 0.1}


def default_augmentation(
    network: str, classes: Sequence[str], *, head_only: bool
) -> dict[str, float]:
    """The choices of a recipe that suit photographs of these classes; none for a head alone.

    `benchmarks/bench_recipes.py` has what each is worth.
    """
    if head_only or network in _DENSE:
        return {}
    return CROP | ({} if has_mirrored_classes(classes) else {"flip": FLIP})


def augmentation_policy(recipe: Recipe) -> AugmentationPolicy | None:
    """How pictures are changed in training; None where they are not."""
    policy = AugmentationPolicy(*(getattr(recipe, name) for name in AugmentationPolicy._fields))
    return policy if any(policy) else None


def warn_of_views(views: str, classes: Sequence[str]) -> None:
    """A word where answers are to be those for mirror images too, which may be of another class."""
    if views == "flips" and has_mirrored_classes(classes):
        logging.getLogger(__name__).warning(
            "views=flips: answers are averaged with those for mirror images, though some classes "
            "are called by a digit, a letter or a side; where a mirror image is another class, "
            "leave it out"
        )


def describe(policy: AugmentationPolicy | None) -> str:
    """The changes in a line: "flip 0.5, zoom 0.1"."""
    changes = policy._asdict() if policy else {}
    return ", ".join(f"{name} {value:g}" for name, value in changes.items() if value) or "none"
