"""How pictures are changed in training where a recipe does not say."""

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


def describe(policy: AugmentationPolicy | None) -> str:
    """The changes in a line: "flip 0.5, zoom 0.1"."""
    changes = policy._asdict() if policy else {}
    return ", ".join(f"{name} {value:g}" for name, value in changes.items() if value) or "none"
