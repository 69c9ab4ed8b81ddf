"""What a training needs memory for, and what to change where there is too little."""

from contextlib import AbstractContextManager

from diptych.errors import InputError
from diptych.networks import External, Network, Weights
from diptych.recipe import Recipe
from diptych.system.memory import memory, memory_told

GIB = 2**30
# As often as its weights take a network needs memory: as a module, with gradients and what the
# optimiser keeps, and while its graph is written. 22 GiB were too little for 412 million weights,
# VGG16 with 138 million takes 6 GB.
COPIES = 16


def enough_memory(recipe: Recipe) -> AbstractContextManager[None]:
    """Too little memory inside becomes an InputError that names what takes most of it."""
    return memory_told(less_memory(recipe))


def refuse_huge(recipe: Recipe, network: Network, weights: Weights) -> None:
    """Raise InputError where a network's weights alone need more memory than there is.

    The system would end the process without a word.
    """
    own = sum(weight.nbytes for weight in weights.values())
    # Those of a library's network are drawn when it is built.
    others = 4 * sum(one.parameters for one in network.layers if isinstance(one, External))
    needed = COPIES * max(own, others)
    available = memory().available
    if 0 < available < needed:
        raise InputError(
            f"{recipe.network} needs about {needed / GIB:.0f} GiB of memory to be trained and "
            f"written, and {available / GIB:.0f} GiB are free; take a smaller network, or end "
            "other programs"
        )


def less_memory(recipe: Recipe) -> str:
    """What to change in a recipe that there is too little memory for."""
    return (
        f"lower batch_size (now {recipe.batch_size}) or image_size (now {recipe.image_size}) "
        f"with --set, or take a smaller network than {recipe.network}"
    )
