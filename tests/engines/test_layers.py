"""The layers that are exported as text know nothing of Diptych, and yet compute the same."""

import ast
import inspect

from diptych import networks
from diptych.engines.torch import layers


def test_batch_normalisation_is_that_of_every_framework() -> None:
    ours = (layers.NORM_EPSILON, layers.NORM_MOMENTUM)
    assert ours == (networks.NORM_EPSILON, networks.NORM_MOMENTUM)


def test_nothing_but_pytorch_is_imported() -> None:
    statements = ast.walk(ast.parse(inspect.getsource(layers)))
    modules = {s.module for s in statements if isinstance(s, ast.ImportFrom)}
    assert modules == {"collections", "torch", "torch.nn"}
