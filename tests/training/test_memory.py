import numpy as np
import pytest

from diptych.errors import InputError
from diptych.recipe import Recipe
from diptych.system.memory import Memory
from diptych.training.memory import COPIES, GIB, refuse_huge


def test_a_network_that_will_not_fit_is_refused_before_it_is_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = {"a.weight": np.zeros(2**20, np.float32)}
    recipe = Recipe(network="vgg16")

    def available(count: float) -> None:
        monkeypatch.setattr("diptych.training.memory.memory", lambda: Memory(GIB, int(count)))

    available(COPIES * 2**22)
    refuse_huge(recipe, weights)
    available(0)  # a system that does not tell
    refuse_huge(recipe, weights)
    available(COPIES * 2**22 - 1)
    with pytest.raises(InputError, match=r"vgg16 needs about 0 GiB .* take a smaller network"):
        refuse_huge(recipe, weights)
