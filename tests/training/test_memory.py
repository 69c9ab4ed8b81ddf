import numpy as np
import pytest

from diptych.errors import InputError
from diptych.networks import External, Network
from diptych.networks.zoo import mlp
from diptych.recipe import Recipe
from diptych.system.memory import Memory
from diptych.training.memory import COPIES, GIB, refuse_huge


def test_a_network_that_will_not_fit_is_refused_before_it_is_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = {"a.weight": np.zeros(2**20, np.float32)}
    small = mlp((8, 8, 1), 2, dropout=0.0)
    library = Network("timm/a", (8, 8, 3), (External("backbone", "timm", "a", 8, 4, 2**20),))
    recipe = Recipe(network="vgg16")

    def available(count: float) -> None:
        monkeypatch.setattr("diptych.training.memory.memory", lambda: Memory(GIB, int(count)))

    available(COPIES * 2**22)
    refuse_huge(recipe, small, weights)
    available(0)  # a system that does not tell
    refuse_huge(recipe, small, weights)
    available(COPIES * 2**22 - 1)
    with pytest.raises(InputError, match=r"vgg16 needs about 0 GiB .* take a smaller network"):
        refuse_huge(recipe, small, weights)
    with pytest.raises(InputError, match="needs about"):
        refuse_huge(recipe, library, {})
