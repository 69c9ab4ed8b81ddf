from collections.abc import Mapping, Sequence

import numpy as np

from diptych.exporting.quantization.contract import Files
from diptych.exporting.quantization.fidelity import Drop, Fidelity, Outputs
from diptych.exporting.quantization.search import hardest, lightest_passing_file, noise


class Pretended:
    """A tool whose files are lists of the layers in int8."""

    def __init__(self, harm: Mapping[str, float]) -> None:
        self.harm = harm
        self.tried = 0

    @property
    def layers(self) -> Sequence[str]:
        return list(self.harm)

    def quantise(self, float_layers: frozenset[str], *, quick: bool = False) -> Files:
        self.tried += quick
        return {name: b"" for name in self.layers if name not in float_layers}

    def with_bf16_weights(self) -> Files:
        return {}

    def error(self, files: Files) -> float:
        return sum(self.harm[name] for name in files)


def test_layers_come_in_the_order_of_their_harm_and_the_first_after_few_tries() -> None:
    rng = np.random.default_rng(0)
    harm = {f"layer{i}": float(value) for i, value in enumerate(rng.random(50) / 1000)}
    harm |= {"layer31": 5.0, "layer7": 3.0}
    tool = Pretended(harm)
    ranking = hardest(tool, tool.error)
    assert next(ranking) == "layer31"
    assert tool.tried <= 12
    assert next(ranking) == "layer7"
    assert tool.tried <= 24
    assert ["layer31", "layer7", *ranking] == sorted(harm, key=lambda name: -harm[name])


def test_layers_are_left_out_in_steps_until_the_file_is_good_enough() -> None:
    tool = Pretended({f"layer{i}": 1.0 + i for i in range(20)})
    tried: list[int] = []

    def measure(files: Files) -> Fidelity:
        tried.append(20 - len(files))
        lost = Drop(0.1 if len(files) > 17 else 0.0, 0, 0)
        return Fidelity(100, 0.9, lost, 0.95, Drop(0, 0, 0), 0.9, 0.1)

    result = lightest_passing_file(tool, measure, tool.error, 0.5, lambda line: None)
    assert tried == [0, 1, 2, 4]
    assert result.float_layers == ("layer19", "layer18", "layer17", "layer16")
    assert set(result.files) == {f"layer{i}" for i in range(16)}


def test_noise_that_is_no_number_is_infinite() -> None:
    right = Outputs(np.tile(np.array([[0.9, 0.1]], np.float32), (4, 1)), np.zeros(4, np.float32))
    nothing = right._replace(p_NK=np.full((4, 2), np.nan, np.float32))
    assert noise(right, right) == 0
    assert noise(right, nothing) == np.inf
