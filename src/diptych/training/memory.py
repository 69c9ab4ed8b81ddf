"""What a training needs memory for, and what to change where there is too little."""

from contextlib import AbstractContextManager

from diptych.recipe import Recipe
from diptych.system.memory import memory_told


def enough_memory(recipe: Recipe) -> AbstractContextManager[None]:
    """Too little memory inside becomes an InputError that names what takes most of it."""
    return memory_told(less_memory(recipe))


def less_memory(recipe: Recipe) -> str:
    """What to change in a recipe that there is too little memory for."""
    return (
        f"lower batch_size (now {recipe.batch_size}) or image_size (now {recipe.image_size}) "
        f"with --set, or take a smaller network than {recipe.network}"
    )
