"""What the documentation shows is run."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from diptych.metrics.probabilities import softmax

DOCS = Path(__file__).parents[1] / "docs"


def run(page: str, language: str, built: Callable[[Any], None]) -> dict[str, Any]:
    """The names that the blocks of one language leave behind; `built` gets the new network."""
    text = (DOCS / page).read_text(encoding="utf-8")
    data, model, *rest = re.findall(rf"```python {language}\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}
    exec(data + model, names)
    built(names["network"])
    exec("".join(rest), names)
    return names


@pytest.mark.usefixtures("one_thread")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_same_classifier_twice_answers_the_same() -> None:
    taken: list[np.ndarray] = []

    def keep(network: Any) -> None:
        for layer in network.layers:
            taken.extend(np.array(weight) for weight in layer.get_weights())

    def put(network: torch.nn.Module) -> None:
        """The starting weights that Keras drew, in PyTorch's layout."""
        names = [n for n in network.state_dict() if not n.endswith("num_batches_tracked")]
        values = [array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T for array in taken]
        start = {n: torch.from_numpy(v.copy()) for n, v in zip(names, values, strict=True)}
        network.load_state_dict(start, strict=False)

    in_keras = run("twice.md", "keras", keep)
    in_torch = run("twice.md", "torch", put)
    assert in_keras["accuracy"] > 0.7
    assert in_torch["accuracy"] == pytest.approx(in_keras["accuracy"], abs=0.03)
    apart = np.abs(softmax(in_torch["logits"].numpy()) - softmax(in_keras["logits"]))
    assert apart.mean() < 0.02
