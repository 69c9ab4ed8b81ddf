"""How fast each layer learns beside the head: those closer to the input learn slower.

Discriminative rates (Howard & Ruder, "Universal Language Model Fine-tuning for Text
Classification", ACL 2018): what the first layers know serves every picture.
"""

from collections.abc import Mapping, Sequence

from diptych.networks import SIDE_BY_SIDE

# Layers of a backbone learn in so many groups of equal size, one for each rate.
STEPS = 4


def learning_shares(
    names: Sequence[str], backbone_rate: float, depth_rate: float = 1.0
) -> Mapping[str, float]:
    """The share of the learning rate for each weight, whose names come in the order of the layers.

    1 for the head; `backbone_rate` for the last layers before it, falling to `backbone_rate` times
    `depth_rate` for the first ones, which is so for each of several backbones side by side.
    """
    branches: dict[str, list[str]] = {}
    for name in names:
        if not _of_head(name):
            branches.setdefault(_branch(name), []).append(name)
    shares = {name: 1.0 for name in names if _of_head(name)}
    for members in branches.values():
        for i, name in enumerate(members):
            below = STEPS - 1 - i * STEPS // len(members)
            shares[name] = backbone_rate * depth_rate ** (below / (STEPS - 1))
    return shares


def _of_head(name: str) -> bool:
    return name.split(".")[0] == "classifier"


def _branch(name: str) -> str:
    """The backbone among several that a weight belongs to; "" where there is one alone."""
    first, _, rest = name.partition(".")
    return rest.split(".")[0] if first == SIDE_BY_SIDE else ""
