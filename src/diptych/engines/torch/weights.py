"""Weights under their canonical names (see `networks`), in and out of a module."""

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from diptych.engines.torch.devices import random_numbers_from
from diptych.engines.torch.modules import module_of_network
from diptych.errors import InputError
from diptych.networks import Network, Weights
from diptych.networks.libraries.triton import leave_out_beside_tensorflow

# A count that batch normalisation keeps and never uses with a fixed momentum.
COUNTER = "num_batches_tracked"


def module_with_weights(network: Network, weights: Weights, seed: int = 0) -> nn.Module:
    """The network as a module with these weights: uint8 pixels (N, H, W, C) to logits (N, K).

    Only an external backbone may keep the weights that its library starts it with, drawn from the
    seed. Raises InputError where others are missing or have no place.
    """
    leave_out_beside_tensorflow()
    with random_numbers_from(seed):
        module = module_of_network(network)
    state = {name: torch.from_numpy(np.array(value)) for name, value in weights.items()}
    missing, unknown = module.load_state_dict(state, strict=False)
    optional = (f"{network.external.name}.",) if network.external else ()
    missing = [n for n in missing if not n.startswith(optional) and not n.endswith(COUNTER)]
    if unknown or missing:
        what = f"no place for {unknown[0]}" if unknown else f"no weights for {missing[0]}"
        raise InputError(f"{network.name}: {what}; are they of another network?")
    return module


def weights_of(module: nn.Module) -> dict[str, npt.NDArray[np.float32]]:
    """A copy of the module's weights."""
    return {
        name: value.detach().cpu().contiguous().numpy().copy()
        for name, value in module.state_dict().items()
        if not name.endswith(COUNTER)
    }
