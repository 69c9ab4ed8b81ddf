"""Presets: how much care a training is worth, said in a word."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from diptych.errors import InputError, nearest
from diptych.networks import choosing
from diptych.networks.pretrained import CARRIED
from diptych.networks.zoo import backbones
from diptych.recipe import Recipe

PRESETS = ("quick", "good", "best")

# Of held-out photographs, five folds twice over, Lite0 was right on 96.3 % at a calibrated log loss
# of 0.101, Lite0 and Lite1 on 97.1 % at 0.087, all three on 97.0 % at 0.083.
GOOD_NETWORK = "efficientnet_lite0+lite1"
# What goes first is taken where noise does not tell more. With single ones first, folds of 816
# photographs were too small to tell that two are better, and 0.4 points were lost.
NETWORKS = (
    *(GOOD_NETWORK, "efficientnet_lite0+lite1+lite2"),
    *("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"),
)
# A rate of 0.003 is for few pictures, which 40 epochs are few steps of: with 5 a class the log loss
# of photographs fell from 0.41 to 0.34. Less smoothing lowered it by 0.01 on CIFAR-10, at fewer
# right with one backbone and more with two: for the data to say.
HEADS: tuple[Mapping[str, Any], ...] = (
    *({}, {"learning_rate": 0.001}, {"learning_rate": 0.003}),
    {"label_smoothing": 0.05},
)
# What may be trained above the head's backbone, the cheapest first.
WAYS = ("last", "all")
# How many times the default's epochs a network trained from its pixels gets.
LONGER = {"quick": 1, "good": 2, "best": 4}


class Preset(NamedTuple):
    """The recipes that a preset chooses among: of `networks` one, then of `heads` one under it.

    Then whether more than the head is trained.
    """

    name: str
    networks: tuple[Recipe, ...]  # in the order of `choice.first_within_noise`
    heads: tuple[Mapping[str, Any], ...]  # changes, the default first
    overruled: tuple[str, ...]  # a sentence for each of its choices that was made otherwise
    ways: tuple[str, ...] = ()  # to train more than the head
    said: frozenset[str] = frozenset()  # keys of a recipe that are not for a preset to choose

    @property
    def open(self) -> bool:
        """Whether there is more than one recipe to choose among."""
        return len(self.networks) > 1 or len(self.heads) > 1


def preset(name: str, recipe: Recipe, said: Collection[str] = ()) -> Preset:
    """What a preset makes of a recipe; choices that were `said`, by their key, stay.

    Raises InputError for a name that is none.
    """
    if name not in PRESETS:
        raise InputError(f"no preset '{name}'{nearest(name, PRESETS)}")
    if choosing.way_to_train(recipe) != "head":
        return _longer(name, recipe, said)
    ours = all(one in CARRIED for one in backbones(recipe.network))
    wanted: tuple[str, ...] = {"good": (GOOD_NETWORK,), "best": NETWORKS}.get(name, ())
    networks: tuple[str, ...]
    overruled: tuple[str, ...]
    if not ours or "network" in said or recipe.weights != "pretrained":
        networks, overruled = (recipe.network,), _overruled(name, recipe, wanted)
    else:
        networks, overruled = wanted or (recipe.network,), ()
    heads = HEADS if name == "best" else ({},)
    return Preset(
        name,
        tuple(recipe.replace(network=network) for network in networks),
        tuple(head for head in heads if not head or _is_another(head, recipe, said)),
        overruled,
        WAYS if name == "best" and "train" not in said and recipe.engine != "linear" else (),
        frozenset(said),
    )


def _is_another(head: Mapping[str, Any], recipe: Recipe, said: Collection[str]) -> bool:
    """Whether changes to a head are anything new, and not to what was said."""
    return not head.keys() & set(said) and recipe.replace(**head) != recipe


def _overruled(name: str, recipe: Recipe, wanted: tuple[str, ...]) -> tuple[str, ...]:
    if not wanted or recipe.network in wanted:
        return ()
    return (f"the preset {name} would choose the network; {recipe.network} was said, and counts",)


def _longer(name: str, recipe: Recipe, said: Collection[str]) -> Preset:
    """The preset of a network that is trained on pixels: it is a matter of epochs."""
    epochs = LONGER[name] * recipe.epochs
    if "epochs" in said:
        overruled = (
            f"the preset {name} would take {epochs} epochs; {recipe.epochs} were said, and count"
        )
        return Preset(name, (recipe,), ({},), (overruled,) if epochs != recipe.epochs else ())
    patience = recipe.patience if "patience" in said else LONGER[name] * recipe.patience
    return Preset(name, (recipe.replace(epochs=epochs, patience=patience),), ({},), ())
