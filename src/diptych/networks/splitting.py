"""Where a network is cut, to train its last stages alone."""

from collections.abc import Sequence

import numpy as np

from diptych.errors import InputError
from diptych.networks import Block, Convolution, Layer, Network
from diptych.networks.initialisation import initial

# The last stages are the fewest last layers with this share of the backbone's weights. What lies
# before them are large maps of few channels: a third of the sums that a network takes, or more.
SHARE = 0.95


def last_stages(network: Network) -> int:
    """The position of the first layer of a network's last stages, which takes maps.

    Raises InputError for a network without such a place.
    """
    layers = network.backbone.layers
    sizes = _sizes(network, layers)
    for position in reversed(range(1, len(layers))):
        takes_maps = isinstance(layers[position], Convolution | Block)
        if takes_maps and sum(sizes[position:]) >= SHARE * sum(sizes):
            return position
    raise InputError(
        f"--train last needs convolutions, and {network.name} has none; use --train head or all"
    )


def _sizes(network: Network, layers: Sequence[Layer]) -> list[int]:
    """How many weights each layer has."""
    sizes = dict.fromkeys((getattr(layer, "name", "") for layer in layers), 0)
    for name, value in initial(network.backbone, 0).items():
        sizes[name.split(".")[0]] += int(np.size(value))
    return [sizes[name] if (name := getattr(layer, "name", "")) else 0 for layer in layers]
