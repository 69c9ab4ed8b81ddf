"""Which weights are left alone by weight decay, whatever library they are of."""

import torch
from torch import nn

from diptych.engines.contract import Optimiser
from diptych.engines.torch.optimisers import make_optimiser


class Transformer(nn.Module):
    """A network with what the libraries' transformers have."""

    def __init__(self) -> None:
        super().__init__()
        self.places = nn.Parameter(torch.zeros(1, 4, 8))
        self.table = nn.Parameter(torch.zeros(5, 2))
        self.layer = nn.Linear(8, 8)
        self.norm = nn.LayerNorm(8)
        self.bias = nn.Parameter(torch.zeros(2, 2))

    def no_weight_decay(self) -> set[str]:
        return {"places"}


def test_what_a_library_exempts_and_biases_of_any_shape_do_not_decay() -> None:
    module = nn.ModuleDict({"backbone": Transformer(), "classifier": nn.Linear(8, 2)})
    names = {parameter: name for name, parameter in module.named_parameters()}
    for kind in ("adamw", "sgd", "muon"):
        optimiser = make_optimiser(module, Optimiser(kind, 0.1, 0.5))
        decaying = {
            names[parameter]
            for group in optimiser.param_groups
            for parameter in group["params"]
            if group["weight_decay"]
        }
        assert decaying == {
            "backbone.table",
            "backbone.layer.weight",
            "classifier.weight",
        }
